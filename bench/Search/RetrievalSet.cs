using System.Text.Json;

namespace Workflows.Bench.Search;

internal sealed record SourceText(string Id, string Title, string Text);

/// <summary>A test collection in BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv.</summary>
internal sealed record RetrievalSet(
    string Name,
    IReadOnlyList<SourceText> Texts,
    IReadOnlyDictionary<string, string> Queries,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, int>> Judgements)
{
    public static RetrievalSet Load(string folder)
    {
        var texts = Lines(folder, "corpus.jsonl")
            .Select(line => new SourceText(Text(line, "_id"), Text(line, "title"), Text(line, "text")));
        var queries = Lines(folder, "queries.jsonl")
            .ToDictionary(line => Text(line, "_id"), line => Text(line, "text"));
        var judgements = File.ReadLines(Path.Combine(folder, "qrels", "test.tsv")).Skip(1)
            .Select(line => line.Split('\t'))
            .GroupBy(columns => columns[0])
            .ToDictionary(
                group => group.Key,
                group => (IReadOnlyDictionary<string, int>)group.ToDictionary(
                    columns => columns[1], columns => int.Parse(columns[2], provider: null)));
        return new RetrievalSet(
            Path.GetFileName(folder), [.. texts], queries,
            judgements.Where(pair => pair.Value.Values.Any(gain => gain > 0)).ToDictionary());
    }

    /// <summary>Hits by which recall is measured.</summary>
    public const int RecallDepth = 100;

    /// <summary>Mean nDCG at 10 with linear gains, as trec_eval counts, and mean recall at 100.</summary>
    /// <param name="rank">Texts for a query, best first.</param>
    public async Task<(double Gain, double Recall)> MeasureAsync(Func<string, Task<IReadOnlyList<string>>> rank)
    {
        var (gain, recall) = (0.0, 0.0);
        foreach (var (query, gains) in Judgements)
        {
            var ranking = await rank(Queries[query]);
            var gained = ranking.Take(10).Select((id, i) => gains.GetValueOrDefault(id) / Math.Log2(i + 2)).Sum();
            var ideal = gains.Values.Where(value => value > 0).OrderDescending().Take(10)
                .Select((value, i) => value / Math.Log2(i + 2)).Sum();
            gain += gained / ideal;
            recall += ranking.Take(RecallDepth).Count(id => gains.GetValueOrDefault(id) > 0) / (
                double)gains.Values.Count(value => value > 0);
        }

        return (gain / Judgements.Count, recall / Judgements.Count);
    }

    private static IEnumerable<JsonElement> Lines(string folder, string file) =>
        File.ReadLines(Path.Combine(folder, file)).Select(line => JsonDocument.Parse(line).RootElement);

    private static string Text(JsonElement line, string member) =>
        line.TryGetProperty(member, out var value) ? value.GetString() ?? "" : "";
}
