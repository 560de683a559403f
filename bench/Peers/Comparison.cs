using System.Globalization;
using System.Reflection;
using System.Text;
using Workflows.Load;
using Workflows.Load.Benchmarks;

namespace Workflows.Peers;

/// <summary>Ours and those of the peers, figure by figure.</summary>
internal sealed class Comparison(IReadOnlyList<Figure> ours)
{
    private const string SchedulesOnly = "quartz";

    private readonly List<(IPeer Peer, IReadOnlyList<Figure> Figures)> _peers = [];

    /// <summary>What was done, for the page of figures.</summary>
    public string Description
    {
        get
        {
            var text = new StringBuilder(
                "The same work by other engines, in the same run on the same PostgreSQL (`fsync` and "
                + "`synchronous_commit` on, the settings of `eng/provision/postgresql.conf`), each with a database "
                + "of its own while nothing else runs; counted in the database afterwards. `noop`: jobs of one step"
                + " with an argument of 200 bytes, as many as take some 40 s, at most 20,000, enqueued one by one "
                + "by 100 callers at the same time, since none of them has a call for many (ours: 20,000, 1,000 per"
                + " call). `ten-step`: executions of ten steps one after the other, each with a result of 1 KB that"
                + " is stored before the next begins; as many as take some 40 s, at most 2,000. `latency`: one "
                + "caller, ten steps, until it sees the end. `schedules`: 10,000 that are due at the same instant. "
                + "A peer runs in one process together with its callers, so `cpu` is that of this process and of "
                + "PostgreSQL; ours is that of API, workers, PostgreSQL and Redis, without its callers over HTTP.");
            foreach (var (peer, _) in _peers)
            {
                var versions = peer.Packages.Select(type => type.Assembly).Distinct()
                    .Select(assembly => $"{assembly.GetName().Name} {VersionOf(assembly)}");
                text.Append(CultureInfo.InvariantCulture, $"\n\n- {peer.Name} ({string.Join(", ", versions)}): ")
                    .Append(peer.Settings);
            }

            return text.ToString();
        }
    }

    /// <summary>The benchmarks of ours that there is something to compare with.</summary>
    public static IEnumerable<IBenchmark> OursFor(IReadOnlyList<IPeer> peers)
    {
        IBenchmark[] executions = [new NoopBenchmark(), new TenStepBenchmark(), new LatencyBenchmark()];
        return (peers.Any(peer => peer.Name != SchedulesOnly) ? executions : [])
            .Concat(peers.Any(peer => peer.Name == SchedulesOnly) ? [new SchedulesBenchmark()] : []);
    }

    /// <summary>Takes a peer's figures in.</summary>
    /// <returns>Ours divided by its, for each figure that both have.</returns>
    public IReadOnlyList<Figure> Add(IPeer peer, IReadOnlyList<Figure> figures)
    {
        _peers.Add((peer, figures));
        return
        [
            .. from figure in figures
               let own = Find(ours, figure.Benchmark, figure.Metric)
               where own is not null && figure.Value > 0
               select new Figure(
                   figure.Benchmark, figure.Metric, own.Value / figure.Value, "of the peer's",
                   $"ours/peer {peer.Name}"),
        ];
    }

    /// <summary>A row for each figure, a column for each engine; in brackets ours divided by the peer's.</summary>
    public string Table()
    {
        var table = new StringBuilder("| benchmark | metric | ours |");
        foreach (var (peer, _) in _peers)
        {
            table.Append(CultureInfo.InvariantCulture, $" {peer.Name} |");
        }

        var columns = string.Concat(_peers.Select(_ => "---:|"));
        table.Append(CultureInfo.InvariantCulture, $" unit |\n|---|---|---:|{columns}---|\n");
        var rows = _peers.SelectMany(peer => peer.Figures).DistinctBy(figure => (figure.Benchmark, figure.Metric));
        foreach (var row in rows)
        {
            var own = Find(ours, row.Benchmark, row.Metric);
            table.Append(
                CultureInfo.InvariantCulture, $"| {row.Benchmark} | {row.Metric} | {own?.Text ?? ""} |");
            foreach (var (_, figures) in _peers)
            {
                table.Append(CultureInfo.InvariantCulture, $" {Cell(own, Find(figures, row.Benchmark, row.Metric))} |");
            }

            table.Append(CultureInfo.InvariantCulture, $" {row.Unit} |\n");
        }

        return table.ToString();
    }

    private static string Cell(Figure? own, Figure? peer) => (own, peer) switch
    {
        (_, null) => "",
        (null, _) => peer.Text,
        _ => string.Create(CultureInfo.InvariantCulture, $"{peer.Text} ({own.Value / peer.Value:0.##})"),
    };

    private static Figure? Find(IReadOnlyList<Figure> figures, string benchmark, string metric) =>
        figures.FirstOrDefault(figure => figure.Benchmark == benchmark && figure.Metric == metric);

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
