using System.Runtime.Versioning;
using Workflows.Load;
using Workflows.Peers;
using Workflows.Testing;

[assembly: SupportedOSPlatform("linux")] // As the load that it shares.

IPeer[] all = [new HangfirePeer(), new WolverinePeer(), new QuartzPeer()];
// For setting up a peer: only its own figures, and the page of figures stays as it is.
var isAlone = args is ["--alone", ..];
var names = isAlone ? args[1..] : args;
var chosen = names is [] ? all : [.. all.Where(peer => names.Contains(peer.Name))];
if (chosen.Length == 0 || (names is not [] && chosen.Length != names.Length))
{
    var known = string.Join(", ", all.Select(peer => peer.Name));
    await Console.Error.WriteLineAsync($"usage: bench/run peers [--alone] [NAME...]; the names are {known}");
    return 2;
}

var ours = new List<Figure>();
foreach (var benchmark in isAlone ? [] : Comparison.OursFor(chosen))
{
    ours.AddRange(await BenchmarkRun.OfAsync(benchmark));
}

// The server is one of the platform's, with its settings; of the services none runs beside the peers.
var comparison = new Comparison(ours);
await using (var platform = await Platform.StartAsync("release"))
{
    foreach (var service in (string[])["worker", "aisearch", "api", "redis"])
    {
        await platform.OrderAsync($"stop {service}");
    }

    foreach (var peer in chosen)
    {
        await using var bed = await PeerBed.CreateAsync(platform, peer.Name);
        await peer.RunAsync(bed);
        foreach (var ratio in comparison.Add(peer, bed.Figures))
        {
            Console.WriteLine(ratio);
        }
    }
}

if (!isAlone)
{
    await FigurePage.UpdateAsync("peers", comparison.Description, comparison.Table());
}

return 0;
