using Workflows.Attack;
using Workflows.Attack.Attacks;

// Tries the worst that is known on a platform of this machine, and says of each whether it held.
IAttack[] attacks =
[
    new ProcessSecrets(), new HeaderInjection(), new StolenConnector(), new ForgedEvents(), new SlowBodies(),
    new HugeValue(), new CancelledStatements(), new DeepInput(), new UnstorableKey(),
    new CostlyWebhook(), new HeavyNodes(),
];
var chosen = args is [_] or [_, "all"]
    ? attacks
    : [.. attacks.Where(attack => args is [_, var name] && attack.Name == name)];
if (chosen.Length == 0)
{
    await Console.Error.WriteLineAsync("usage: Attack RUN.JSON [all | NAME]");
    foreach (var attack in attacks)
    {
        await Console.Error.WriteLineAsync($"  {attack.Name,-20} {attack.Promise}");
    }

    return 2;
}

var limit = TimeSpan.FromSeconds(60);
using var whole = new CancellationTokenSource(TimeSpan.FromMinutes(5));
await using var platform = await RunningPlatform.ReadAsync(args[0], whole.Token);
await using var target = await Target.StartAsync(whole.Token);
await using var other = await Target.StartAsync(whole.Token);
var postgres = Environment.GetEnvironmentVariable("ATTACK_POSTGRES");
var api = platform.Processes("api");
var tenants = new Tenants(platform.Api, api.Count > 0 ? api[0] : null, platform.Database);
var run = Guid.CreateVersion7().ToString("N")[..12];
using var a = await tenants.AddAsync($"attack-{run}-a", whole.Token);
using var b = await tenants.AddAsync($"attack-{run}-b", whole.Token);
string[] allowed = [target.HostAndPort, other.HostAndPort, .. HugeValue.AddressOf(postgres)];
await tenants.AllowAsync(a, allowed, whole.Token);
await tenants.AllowAsync(b, allowed, whole.Token);
var nothing = new { nodes = new[] { Definitions.Set("done", 1) }, edges = Array.Empty<object>() };
var noop = await b.PublishAsync("noop", nothing, whole.Token);
var stage = new Stage(platform, a, b, noop, target, other, postgres);
Console.WriteLine($"  before: {await stage.MeasureExecutionsAsync(TimeSpan.FromSeconds(2), whole.Token)}");

var fallen = 0;
foreach (var attack in chosen)
{
    var verdict = await TryAsync(attack);
    fallen += verdict.Held ? 0 : 1;
    Console.WriteLine($"{(verdict.Held ? "held    " : "NOT held")}  {attack.Name,-20} {attack.Promise}");
    Console.WriteLine($"          {string.Empty,-20} seen: {verdict.Seen}");
}

await tenants.SuspendAsync(a, CancellationToken.None);
await tenants.SuspendAsync(b, CancellationToken.None);
Console.WriteLine($"{chosen.Length - fallen} held, {fallen} not held");
return fallen == 0 ? 0 : 1;

async Task<Verdict> TryAsync(IAttack attack)
{
    using var timeout = CancellationTokenSource.CreateLinkedTokenSource(whole.Token);
    timeout.CancelAfter(limit);
    try
    {
        return await attack.RunAsync(stage, timeout.Token);
    }
    catch (OperationCanceledException)
    {
        return new Verdict(false, $"it was not over after {limit.TotalSeconds:0} s");
    }
    catch (Exception exception) when (exception is AttackException or RefusedException or Npgsql.NpgsqlException)
    {
        return new Verdict(false, $"it could not be tried: {exception.Message}");
    }
}
