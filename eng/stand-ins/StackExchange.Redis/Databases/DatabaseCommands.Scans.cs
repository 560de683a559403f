using System.Runtime.CompilerServices;

namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public async IAsyncEnumerable<HashEntry> HashScanAsync(
        RedisKey key,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None)
    {
        await foreach (var page in ScanAsync(Commands.Hscan, key, pattern, pageSize, cursor, flags).ConfigureAwait(false))
        {
            for (var i = 2 * pageOffset; i + 1 < page.Length; i += 2)
            {
                yield return new HashEntry(page[i], page[i + 1]);
            }

            pageOffset = 0; // it counts within the first page only
        }
    }

    public async IAsyncEnumerable<RedisValue> SetScanAsync(
        RedisKey key,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None)
    {
        await foreach (var page in ScanAsync(Commands.Sscan, key, pattern, pageSize, cursor, flags).ConfigureAwait(false))
        {
            for (var i = pageOffset; i < page.Length; i++)
            {
                yield return page[i];
            }

            pageOffset = 0;
        }
    }

    public async IAsyncEnumerable<SortedSetEntry> SortedSetScanAsync(
        RedisKey key,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None)
    {
        await foreach (var page in ScanAsync(Commands.Zscan, key, pattern, pageSize, cursor, flags).ConfigureAwait(false))
        {
            for (var i = 2 * pageOffset; i + 1 < page.Length; i += 2)
            {
                yield return new SortedSetEntry(page[i], (double)page[i + 1]);
            }

            pageOffset = 0;
        }
    }

    private async IAsyncEnumerable<RedisValue[]> ScanAsync(
        Command command, RedisKey key, RedisValue pattern, int pageSize, long cursor, CommandFlags flags,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (next, items) = await (pattern.IsNullOrEmpty
                ? Send(command, [key.AsArgument(), cursor, "COUNT", pageSize], Replies.ScanPage, flags)
                : Send(command, [key.AsArgument(), cursor, "MATCH", pattern, "COUNT", pageSize], Replies.ScanPage, flags)).ConfigureAwait(false);
            cursor = next;
            yield return items;
        }
        while (cursor != 0);
    }
}
