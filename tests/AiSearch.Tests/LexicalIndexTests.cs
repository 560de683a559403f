using Workflows.AiSearch.Search;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Tests;

public sealed class LexicalIndexTests
{
    [Fact]
    public void Scores_are_bm25_by_its_formula()
    {
        var random = new Random(7);
        var texts = Enumerable.Range(0, 200)
            .Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(5, 60)).Select(_ => $"w{(int)Math.Exp(random.NextDouble() * 5)}")))
            .ToList();
        var index = new LexicalIndex();
        texts.ForEach(text => index.Add(TermVector.Of(text)));
        var query = "w1 w7 w30 w30 w90 unknown";

        var found = index.Search(TermVector.Of(query), Everything(texts.Count), 50);

        var expected = texts.Select((text, i) => (Entry: i, Score: Bm25(texts, text, query)))
            .Where(hit => hit.Score > 0).OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Entry).Take(50).ToList();
        Assert.Equal(expected.Count, found.Count);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 4));
    }

    [Fact]
    public void What_is_not_allowed_is_not_found_and_the_ceiling_is_never_reached()
    {
        var index = new LexicalIndex();
        index.Add(TermVector.Of("refund order"));
        index.Add(TermVector.Of("refund order refund order refund order"));
        var query = TermVector.Of("refund order");

        var found = index.Search(query, [true, false], 10);

        Assert.Equal(0, found.Single().Entry);
        Assert.InRange(found[0].Score / index.Ceiling(query), 0.01f, 0.99f);
        Assert.Empty(index.Search(TermVector.Of("parcel"), Everything(2), 10));
    }

    [Fact]
    public void A_replaced_document_is_found_by_its_new_words_only_and_many_replacements_ask_for_a_reload()
    {
        using var corpus = new Corpus();
        var document = new CorpusDocument(Guid.CreateVersion7(), "workflow", Guid.CreateVersion7(), "Title", [], null, DateTimeOffset.UnixEpoch);
        corpus.Apply([new CorpusChange(1, document, [new CorpusChunk(0, TermVector.Of("refund"))])]);
        corpus.Apply([new CorpusChange(2, document, [new CorpusChunk(0, TermVector.Of("parcel"))])]);

        Assert.Empty(Find(corpus, "refund"));
        Assert.Single(Find(corpus, "parcel"));
        Assert.Equal((2, 1), (corpus.Revision, corpus.ChunkCount));
        Assert.False(corpus.NeedsReload);

        for (var i = 0; i <= Limits.DeadChunksKept; i++)
        {
            corpus.Apply([new CorpusChange(i + 3, document, [new CorpusChunk(0, TermVector.Of("parcel"))])]);
        }

        Assert.True(corpus.NeedsReload);
        corpus.Apply([new CorpusChange(9_999, document, [])]);
        Assert.Empty(Find(corpus, "parcel"));
    }

    private static IReadOnlyList<SignalHit> Find(Corpus corpus, string text) =>
        corpus.Search(TermVector.Of(text), TermVector.TrigramsOf(text), SearchFilter.None, 10).Words;

    private static bool[] Everything(int count)
    {
        var all = new bool[count];
        Array.Fill(all, true);
        return all;
    }

    private static double Bm25(List<string> texts, string text, string query)
    {
        var average = texts.Average(other => other.Split(' ').Length);
        var words = text.Split(' ');
        return query.Split(' ').Sum(term =>
        {
            var frequency = texts.Count(other => other.Split(' ').Contains(term));
            var count = words.Count(word => word == term);
            return frequency == 0 ? 0 : Math.Log(1 + ((texts.Count - frequency + 0.5) / (frequency + 0.5)))
                * count / (count + (1.2 * (0.25 + (0.75 * words.Length / average))));
        });
    }
}
