using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>The part of <see cref="SqlMemory"/> that one statement under way has; disposing gives it back.</summary>
internal sealed class SqlShare(SqlMemory memory, Guid tenantId) : IDisposable
{
    private const long Step = 64 * 1024;

    private long _bytes;

    /// <summary>Takes what is missing for <paramref name="bytes"/> in all.</summary>
    /// <exception cref="ConnectorException">There is none left: worth another attempt.</exception>
    public void Need(long bytes)
    {
        if (bytes <= _bytes)
        {
            return;
        }

        var more = bytes - _bytes + Step;
        if (!memory.TryTake(tenantId, more))
        {
            throw new ConnectorException(
                "SQL_BUSY",
                "The answers of other statements take all the memory that there is for them.",
                isTransient: true);
        }

        _bytes += more;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_bytes > 0)
        {
            memory.GiveBack(tenantId, _bytes);
        }

        _bytes = 0;
    }
}
