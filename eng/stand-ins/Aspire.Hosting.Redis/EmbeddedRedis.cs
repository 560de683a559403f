using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Embedded;

/// <summary>Redis as a child process: loopback only, with a password, and an append-only file where it has a volume.</summary>
internal static class EmbeddedRedis
{
    public static async Task<ProcessCommand> PrepareAsync(
        RedisResource redis, EmbeddedServerContext context, CancellationToken cancellationToken)
    {
        var kept = redis.Annotations.OfType<ContainerMountAnnotation>().Any(mount => !mount.IsReadOnly);
        var data = context.Local.PathOf(kept ? redis.Name : $"{redis.Name}-session");
        if (!kept && Directory.Exists(data))
        {
            Directory.Delete(data, recursive: true);
        }

        var settings = new Dictionary<string, string>
        {
            ["port"] = context.Port.ToString(CultureInfo.InvariantCulture),
            ["bind"] = "127.0.0.1",
            ["dir"] = $"\"{data}\"",

            // The append-only file loses at most a second where a snapshot loses a minute; sessions live here.
            ["appendonly"] = kept ? "yes" : "no",
            ["appendfsync"] = "everysec",
            ["save"] = redis.TryGetLastAnnotation<PersistenceAnnotation>(out var persistence) ? persistence.SaveArgument : "\"\"",
            ["daemonize"] = "no",
        };
        if (redis.PasswordParameter is { } password)
        {
            settings["requirepass"] = $"\"{await password.GetValueAsync(cancellationToken)}\"";
        }

        // Everybody may read a process's arguments, so the password comes by standard input. The shell then becomes Redis.
        const string Start = """
            settings=$EMBEDDED_REDIS_SETTINGS
            unset EMBEDDED_REDIS_SETTINGS
            exec "$0" - <<END
            $settings
            END
            """;
        return new ProcessCommand("/bin/sh", ["-c", Start, Path.Combine(context.Local.ServersBin(), "redis-server")])
        {
            ServerDataFolder = data,
            Environment = new Dictionary<string, string>
            {
                ["EMBEDDED_REDIS_SETTINGS"] = string.Join('\n', settings.Select(setting => $"{setting.Key} {setting.Value}")),
            },
        };
    }
}
