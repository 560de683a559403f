using Microsoft.Extensions.Logging;

namespace Workflows.Data.Rounds;

/// <summary>
/// Waits out trouble of the database: what it refuses for no fault of the data is sent again, with growing pauses,
/// until it goes through. Who waits here is seen on the health page.
/// </summary>
public sealed partial class Patience(LoopHealth health, TimeProvider clock, ILogger<Patience> logger)
{
    private const string Name = "Asking the database";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>The result at once where there is one, as of a cache.</summary>
    public ValueTask<T> WaitAsync<T>(Func<ValueTask<T>> action, CancellationToken cancellationToken)
    {
        var result = action();
        return result.IsCompletedSuccessfully
            ? result
            : new ValueTask<T>(WaitAsync(result.AsTask(), () => action().AsTask(), cancellationToken));
    }

    /// <summary>The result, however long it takes the database to give it.</summary>
    public Task<T> WaitAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken) =>
        WaitAsync(action(), action, cancellationToken);

    private async Task<T> WaitAsync<T>(Task<T> first, Func<Task<T>> action, CancellationToken cancellationToken)
    {
        var isFailing = false;
        var task = first;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                var result = await task;
                if (isFailing)
                {
                    health.Succeeded(Name);
                }

                return result;
            }
            catch (Exception exception) when (PostgresErrors.MayPass(exception))
            {
                isFailing = true;
                health.Failed(Name, exception.Message);
                LogAgain(exception.Message);
            }

            await Task.Delay(pause, clock, cancellationToken);
            task = action();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is asked again: {Reason}")]
    private partial void LogAgain(string reason);
}
