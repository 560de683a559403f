using System.Diagnostics;
using System.Globalization;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Text;

namespace Workflows.Bench.Search;

/// <summary>The ranking alone, in memory: what of a search is the processor's.</summary>
internal static class RankBench
{
    private const int Rounds = 50;

    public static void Run(int chunks)
    {
        using var corpus = new Corpus();
        var random = new Random(1);
        corpus.BeginVectors("m");
        foreach (var part in Enumerable.Range(0, chunks).Chunk(1_000))
        {
            corpus.Apply([.. part.Select(i =>
            {
                var content = ScaleBench.Generate(random, i);
                var vector = Array.ConvertAll(TopicEmbeddings.Embed(content.Chunks[0].Text), value => (Half)value);
                return new CorpusChange(
                    i + 1,
                    new CorpusDocument(
                        content.Id, content.Type, content.Id, content.Title, [.. content.Tags], null, content.At),
                    [new CorpusChunk(0, content.Chunks[0].TermsUnder(content.Title), vector)]);
            })]);
        }

        foreach (var (suffix, filter) in ScaleBench.Filters)
        {
            Measure($"words{suffix}", query => Rank(corpus, query, filter, hasWords: true, hasMeaning: false));
            Measure($"meaning{suffix}", query => Rank(corpus, query, filter, hasWords: false, hasMeaning: true));
            Measure($"both{suffix}", query => Rank(corpus, query, filter, hasWords: true, hasMeaning: true));
        }

        void Measure(string what, Action<string> rank)
        {
            var queries = new Random(3);
            rank(ScaleBench.Query(queries));
            var times = Enumerable.Range(0, Rounds).Select(_ =>
            {
                var query = ScaleBench.Query(queries);
                var started = Stopwatch.GetTimestamp();
                rank(query);
                return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }).Order().ToArray();
            Figures.Print(
                string.Create(CultureInfo.InvariantCulture, $"{chunks}-rank-{what}-p50"),
                Figures.Percentile(times, 0.5), "ms");
        }
    }

    private static void Rank(Corpus corpus, string query, SearchFilter filter, bool hasWords, bool hasMeaning) =>
        corpus.Rank(new RankingRequest(
            hasWords ? corpus.Understand(QueryLine.Parse(query, []).Clauses) : KnownQuery.Nothing,
            TermVector.TrigramsOf(""), hasMeaning ? new Meaning(TopicEmbeddings.Embed(query), null, 0.27f) : null, 0.3,
            filter, 0, 10, 0));
}
