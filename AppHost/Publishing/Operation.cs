using System.Globalization;
using Workflows.AppHost.Services;

namespace Workflows.AppHost.Publishing;

/// <summary>How a workload is operated: what neither the application model nor Aspire's manifest says.</summary>
internal sealed record Operation
{
    /// <summary>May this process get work: a lost database says no.</summary>
    public const string HealthPath = "/health";

    /// <summary>Need this process not be restarted: a lost database changes nothing.</summary>
    public const string AlivePath = "/alive";

    /// <summary>
    /// The API's setting for how long it serves on after the order to stop, while whoever spreads the load takes
    /// notice.
    /// </summary>
    public const string DrainVariable = "Api__DrainSeconds";

    // The setting's default in the API, and what its last answers get beyond it with room to spare.
    private const int DefaultDrainSeconds = 10;
    private const int LastAnswersSeconds = 20;

    // A host gives its services 30 s to stop.
    private const int HostStopSeconds = 35;

    // The user "app" of Microsoft's images; "postgres" and "redis" of theirs.
    private const int AppUser = 1654;
    private const int ServerUser = 999;

    /// <summary>The id of the user and group in the image that it runs under; never root.</summary>
    public required int User { get; init; }

    /// <summary>
    /// From the order to stop until it is killed: longer than it may take to stop (docs/rolling-restarts.md).
    /// </summary>
    public required int StopSeconds { get; init; }

    /// <summary>
    /// How long it may take to become healthy for the first time: the wait for migrations, and recovery, included.
    /// </summary>
    public required int StartSeconds { get; init; }

    /// <summary>A command in its image that succeeds when it may get work.</summary>
    public required IReadOnlyList<string> HealthCheck { get; init; }

    /// <summary>Processor time asked for, in Kubernetes' notation.</summary>
    public string Cpu { get; init; } = "250m";

    /// <summary>Memory asked for, in MiB.</summary>
    public int Memory { get; init; } = 256;

    /// <summary>In MiB.</summary>
    public int MemoryLimit { get; init; } = 1024;

    /// <summary>Size of each volume in GiB; 0 for what has none.</summary>
    public int Storage { get; init; }

    /// <summary>Size of <c>/dev/shm</c> in MiB; 0 = as the platform has it.</summary>
    public int SharedMemory { get; init; }

    /// <summary>Folders it writes to and may lose. The rest of its file system is read-only.</summary>
    public IReadOnlyList<string> ScratchFolders { get; init; } = [];

    /// <summary>The variable that says where in its volume the data lie; null = at the volume's root.</summary>
    public string? DataFolderVariable { get; init; }

    /// <summary>The workload without which it ends at once when it starts; null for what waits by itself.</summary>
    public string? StartsAfter { get; init; }

    /// <summary>Whether it does its work and ends, before those start that wait for it. It listens nowhere.</summary>
    public bool RunsOnce { get; init; }

    /// <summary>Whether <see cref="DrainVariable"/> means something to it.</summary>
    public bool Drains { get; init; }

    /// <param name="workload">Its name.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="drainSeconds">The value of <see cref="DrainVariable"/>, if it has one.</param>
    /// <exception cref="DistributedApplicationException">There is no such workload: whoever adds one says here how it
    /// is operated.</exception>
    public static Operation Of(string workload, int port, string? drainSeconds) => workload switch
    {
        "postgres" => new Operation
        {
            User = ServerUser,
            StopSeconds = 60,
            StartSeconds = 600,
            // Over TCP: while the data folder is being made, the image runs a server that only its own socket reaches.
            HealthCheck = ["pg_isready", "-h", "127.0.0.1", "-p", Text(port), "-U", "postgres"],
            Cpu = "500m",
            Memory = 1024,
            MemoryLimit = 2048,
            Storage = 20,
            SharedMemory = 256,
            ScratchFolders = ["/tmp", "/var/run/postgresql"],
            DataFolderVariable = "PGDATA",
        },
        "redis" => new Operation
        {
            User = ServerUser,
            StopSeconds = 30,
            StartSeconds = 300,
            // Not yet while it loads its data.
            HealthCheck = ["sh", "-c", "REDISCLI_AUTH=\"$REDIS_PASSWORD\" redis-cli ping | grep -q PONG"],
            MemoryLimit = 512,
            Storage = 5,
        },
        "api" => Service(port) with
        {
            StartSeconds = 600,
            StopSeconds = Number(drainSeconds ?? Text(DefaultDrainSeconds)) + LastAnswersSeconds,
            StartsAfter = "postgres", // whose schema it waits for
            Drains = true,
        },
        "worker" or "aisearch" => Service(port),
        Migration.Name => Service(port) with { RunsOnce = true, HealthCheck = [] },
        _ => throw new DistributedApplicationException($"Nothing is said about how {workload} is operated."),
    };

    private static Operation Service(int port) => new()
    {
        User = AppUser,
        StopSeconds = HostStopSeconds,
        StartSeconds = 60,
        // The image has no curl, but a shell that opens connections.
        HealthCheck =
        [
            "bash",
            "-c",
            $"exec 3<>/dev/tcp/127.0.0.1/{Text(port)} && printf 'GET {HealthPath} HTTP/1.0\\r\\n\\r\\n' >&3"
                + " && read -r line <&3"
                + " && [[ $line == *' 200 '* ]]",
        ],
        ScratchFolders = ["/tmp"],
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
