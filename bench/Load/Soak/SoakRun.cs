using System.Globalization;
using System.Runtime.InteropServices;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>
/// A mixed load of several tenants for an hour, and once a minute a fault of the next kind. At the end the ledger must
/// be equal, and memory and handles of the processes flat.
/// </summary>
internal sealed class SoakRun : IDisposable
{
    /// <summary>The name of the benchmark.</summary>
    public const string Name = "soak";

    /// <summary>How it is called.</summary>
    public const string Usage = "bench/run soak [--minutes N] [--every SECONDS] [--rate STARTS-PER-SECOND] [--first N]";

    private const string NoVolume = "; no disk-full, since a small volume could not be mounted";
    private const int Tenants = 4;
    private const int StartsAtATime = 2;

    // Each second start is of one node, each eighth of ten steps; callers wait for these.
    private const double EndsSeenOf = 0.625;
    private const int LeastEvery = 20;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RepairAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(50);
    private static readonly TimeSpan SamplePeriod = TimeSpan.FromSeconds(10);

    // Ctrl+C ends it early: what ran until then is verified all the same.
    private readonly CancellationTokenSource _interrupted = new();

    private readonly SoakReport _report = new();
    private readonly Throughput _throughput = new();
    private readonly List<TenantLoad> _loads = [];
    private readonly List<string> _failures = [];
    private readonly Platform _platform;
    private readonly PlatformClient _client;
    private readonly Ledger _ledger;

    private SoakRun(Platform platform, Ledger ledger) =>
        (_platform, _client, _ledger) = (platform, new PlatformClient(platform), ledger);

    /// <returns>The program's exit code: 1 when something was not as promised.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (Read(args) is not { } options)
        {
            await Console.Error.WriteLineAsync($"usage: {Usage}");
            return 2;
        }

        await using var servers = new ServersBehindProxies();
        await using var ledger = await Ledger.StartAsync();
        var settings = new Dictionary<string, string>(Poison.Settings) { ["WORKFLOWS_SERVERS_BIN"] = servers.Folder };
        await using var platform = await Platform.StartAsync("release", settings);
        using var run = new SoakRun(platform, ledger);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, run.Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, run.Interrupt);
        return await run.RunAsync(servers, options);
    }

    public void Dispose()
    {
        foreach (var load in _loads)
        {
            load.Dispose();
        }

        _client.Dispose();
        _interrupted.Dispose();
    }

    private void Interrupt(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _interrupted.Cancel();
    }

    private static SoakOptions? Read(string[] args)
    {
        var options = new SoakOptions();
        for (var index = 0; index < args.Length; index += 2)
        {
            if (index + 1 == args.Length
                || !double.TryParse(args[index + 1], CultureInfo.InvariantCulture, out var value) || value <= 0)
            {
                return null;
            }

            switch (args[index])
            {
                case "--minutes":
                    options = options with { Duration = TimeSpan.FromMinutes(value) };
                    break;
                case "--every":
                    options = options with { Every = TimeSpan.FromSeconds(Math.Max(value, LeastEvery)) };
                    break;
                case "--rate":
                    options = options with { StartsPerSecond = value };
                    break;
                case "--first":
                    options = options with { First = Math.Max(1, (int)value) };
                    break;
                default:
                    return null;
            }
        }

        return options;
    }

    private async Task<int> RunAsync(ServersBehindProxies servers, SoakOptions options)
    {
        await using var volume = await SmallVolume.CreateAsync(_platform, _client);
        for (var number = 1; number <= Tenants; number++)
        {
            _loads.Add(await CreateLoadAsync($"soak{number}"));
        }

        var stage = new SoakStage(_platform, _client, _loads[^1], await servers.ProxiesAsync(), volume);
        var samples = new ProcessSamples(_platform);
        using var stop = new CancellationTokenSource();
        var between = TimeSpan.FromSeconds(StartsAtATime * Tenants / options.StartsPerSecond);
        var feeding = _loads.Select(load => load.FeedAsync(between, stop.Token)).ToList();
        var sampling = SampleAsync(samples, stop.Token);
        await InjectAsync(stage, options);
        await stop.CancelAsync();
        await FinishAsync(feeding);
        await sampling;

        var problems = await VerifyAsync(samples);
        await FigurePage.UpdateAsync(Name, DescribeRun(options, volume is not null), _report.Tables());
        // The platform must be gone before the volume that its server writes to.
        await _platform.OrderAsync("stop postgres");
        return problems == 0 ? 0 : 1;
    }

    // What is refused for good, though it was allowed, is as bad as what is lost.
    private async Task FinishAsync(IEnumerable<Task> feeding)
    {
        try
        {
            await Task.WhenAll(feeding);
        }
        catch (InvalidOperationException exception)
        {
            _failures.Add($"a call of the load failed: {exception.Message}");
        }
    }

    private async Task<TenantLoad> CreateLoadAsync(string name)
    {
        var (id, key) = await TenantCommand.AddAsync(_platform, _client, name, _ledger.Target);
        return await TenantLoad.CreateAsync(name, id, new Tenant(_platform.Api, key), _ledger, _throughput);
    }

    private async Task InjectAsync(SoakStage stage, SoakOptions options)
    {
        var faults = Faults.All.Where(fault => fault.Name != "disk-full" || stage.Volume is not null).ToList();
        if (stage.Volume is null)
        {
            Console.WriteLine("disk-full is left out: this user may not mount a small volume");
        }

        await PauseAsync(WarmUp.TotalSeconds);
        var began = _throughput.Now;
        for (var number = 0; _throughput.Now - began < options.Duration.TotalSeconds && IsOn; number++)
        {
            var next = began + ((number + 1) * options.Every.TotalSeconds);
            var fault = faults[(options.First - 1 + number) % faults.Count];
            await UntilSteadyAsync(fault, options.StartsPerSecond * EndsSeenOf);
            await InjectAsync(stage, fault);
            await PauseAsync(next - _throughput.Now);
            _throughput.Trim();
        }
    }

    // Without a rate before a fault nothing can be said of the one after it.
    private async Task UntilSteadyAsync(Fault fault, double nominal)
    {
        var began = _throughput.Now;
        while (_throughput.Rate() < nominal / 2 && IsOn)
        {
            if (_throughput.Now - began > Patience.TotalSeconds)
            {
                _failures.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"before {fault.Name} callers saw {_throughput.Rate():0.0} of {nominal:0.0} ends per second: a "
                    + $"fault has not been recovered from, or the machine is too slow for --rate"));
                Console.WriteLine(_failures[^1]);
                return;
            }

            await PauseAsync(1);
        }
    }

    private bool IsOn => !_interrupted.IsCancellationRequested;

    private async Task PauseAsync(double seconds)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Max(0, seconds)), _interrupted.Token);
        }
        catch (OperationCanceledException)
        {
            // It is to end early.
        }
    }

    private async Task InjectAsync(SoakStage stage, Fault fault)
    {
        var (at, rate) = (_throughput.Now, _throughput.Rate());
        try
        {
            await fault.HarmAsync(stage);
            // What lasts is over, what does not came this moment or is being repaired.
            var from = fault.RepairAsync is null ? _throughput.Now : at;
            var repairing = RepairAsync(stage, fault);
            var back = await _throughput.BackAfterAsync(from, rate, Patience);
            await repairing;
            _report.Add(new Outcome(fault, back), at, rate);
        }
        catch (InvalidOperationException exception)
        {
            _failures.Add($"{fault.Name} could not be done or put right: {exception.Message}");
            Console.WriteLine(_failures[^1]);
        }
    }

    private static async Task RepairAsync(SoakStage stage, Fault fault)
    {
        if (fault.RepairAsync is { } repair)
        {
            await Task.Delay(RepairAfter, CancellationToken.None);
            await repair(stage);
        }
    }

    private static async Task SampleAsync(ProcessSamples samples, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            samples.Take();
            await Task.Delay(SamplePeriod, CancellationToken.None);
        }
    }

    private async Task<int> VerifyAsync(ProcessSamples samples)
    {
        var check = new LedgerCheck(_client);
        await check.SettleAsync(_loads);
        foreach (var load in _loads)
        {
            await check.CheckAsync(load);
        }

        var repeated = check.CheckCalls(_loads, _ledger);
        var trends = samples.Trends();
        _report.AddRecoveries();
        _report.Add("executions", _loads.Sum(load => load.Started.Sum(w => w.Executions.Count)), "accepted by calls");
        _report.Add("events", _loads.Sum(load => load.Events), "answered by rules");
        _report.Add("calls-repeated", repeated, $"of {_ledger.Calls.Values.Sum()} calls to the ledger outside");
        _report.Add("ledger-problems", check.Problems.Count, "kinds");
        foreach (var trend in trends)
        {
            _report.Add($"{trend.What}-first-third", trend.First, trend.Unit);
            _report.Add($"{trend.What}-last-third", trend.Last, trend.Unit);
        }

        List<string> problems =
        [
            .. _failures,
            .. check.Problems,
            .. trends.Where(trend => !trend.IsFlat)
                .Select(trend => $"{trend.What} is not flat: {trend.First:0} to {trend.Last:0} {trend.Unit}"),
            .. _report.NotBack()
                .Select(fault => $"the throughput was not back {Patience.TotalSeconds:0} s after {fault}"),
        ];
        foreach (var problem in problems)
        {
            Console.WriteLine($"problem: {problem}");
        }

        return problems.Count;
    }

    private static string DescribeRun(SoakOptions options, bool hasVolume) => string.Create(
        CultureInfo.InvariantCulture,
        $"{options.Duration.TotalMinutes:0} minutes of mixed load by {Tenants} tenants, {options.StartsPerSecond:0} "
        + $"starts per second (executions of one node and of ten steps that callers wait for, orders that call a "
        + $"ledger outside and wait for a timer and an event, sub-workflows, events with a rule, schedules), a fault "
        + $"every {options.Every.TotalSeconds:0} s, the services behind proxies to PostgreSQL and Redis"
        + $"{(hasVolume ? ", the steps on a small volume" : NoVolume)}. Back: from when five seconds in a row brought "
        + $"80 % of the ends that callers saw before, counted from the end of a fault that lasts. At the end each "
        + $"accepted execution must have ended once with all its steps, each call must have reached the ledger, and "
        + $"memory and handles of each process be flat (median of the first and the last third after the warm-up; at "
        + $"most a fifth and 30 MB or 30 handles more).");
}

/// <summary>What may be chosen.</summary>
internal sealed record SoakOptions
{
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(60);

    /// <summary>From one fault to the next, if the load is back by then.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Which of the faults comes first, counted from 1 in the order of <see cref="Faults.All"/>.</summary>
    public int First { get; init; } = 1;

    /// <summary>Of all tenants together. What a machine with nothing else to do carries with ease.</summary>
    public double StartsPerSecond { get; init; } = 32;
}
