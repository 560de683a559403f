using Workflows.Api.Http;

namespace Workflows.Api.Transactions;

/// <summary>
/// Lets few requests of transactions run at once in this process: each may be as much work as a hundred requests.
/// The others wait here, where they hold no connection to the database that somebody else needs.
/// </summary>
internal sealed class TransactionLine : IDisposable
{
    private readonly SemaphoreSlim _line = new(Limits.TransactionRunsAtOnce);

    public async Task<ApiResponse<T>> PassAsync<T>(
        Func<Task<ApiResponse<T>>> request, CancellationToken cancellationToken)
    {
        await _line.WaitAsync(cancellationToken);
        try
        {
            return await request();
        }
        finally
        {
            _line.Release();
        }
    }

    public void Dispose() => _line.Dispose();
}
