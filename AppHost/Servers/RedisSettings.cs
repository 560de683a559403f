namespace Workflows.AppHost.Servers;

/// <summary>What the Redis container is told beyond what Aspire tells it.</summary>
internal static class RedisSettings
{
    /// <summary>
    /// Keeps an append-only file, as the process does: it loses at most a second where a snapshot loses a minute, and
    /// sessions live here.
    /// </summary>
    /// <exception cref="DistributedApplicationException">When arguments are gathered: the server is not started as
    /// expected.</exception>
    public static IResourceBuilder<RedisResource> WithAppendOnlyFile(this IResourceBuilder<RedisResource> redis) =>
        redis.WithArgs(context =>
        {
            // Aspire starts the server through a shell, which reads the whole command from one argument.
            if (context.Args is not [.., string command]
                || !command.StartsWith("redis-server ", StringComparison.Ordinal))
            {
                throw new DistributedApplicationException(
                    "The last argument of the Redis container is not the command that starts the server.");
            }

            context.Args[^1] = $"{command} --appendonly yes --appendfsync everysec";
        });
}
