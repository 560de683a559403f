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
            .Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(5, 60)).Select(
                _ => $"w{(int)Math.Exp(random.NextDouble() * 5)}")))
            .ToList();
        var index = new LexicalIndex();
        texts.ForEach(text => index.Add(TermVector.Of(text)));
        var query = "w1 w7 w30 w30 w90 unknown";

        var scores = new float[texts.Count];
        index.Score(WordsOf(query), scores);

        Assert.All(texts.Zip(scores), pair => Assert.Equal(Bm25(texts, pair.First, query), pair.Second, 4));
    }

    [Fact]
    public void The_ceiling_is_never_reached_and_of_alternatives_the_best_counts()
    {
        var index = new LexicalIndex();
        index.Add(TermVector.Of("refund order"));
        index.Add(TermVector.Of("refund order refund order refund order"));
        index.Add(TermVector.Of("reimburse order"));
        var query = WordsOf("refund order");
        var scores = new float[3];

        index.Score(query, scores);
        Assert.InRange(scores[1] / index.Ceiling(query), 0.01f, 0.99f);

        var either = new QueryWord([new(TermOf("refund"), 1), new(TermOf("reimburse"), 0.5f)]);
        var (both, first, second) = (new float[3], new float[3], new float[3]);
        index.Score([either], both);
        index.Score(WordsOf("refund"), first);
        index.Score([new QueryWord([new(TermOf("reimburse"), 0.5f)])], second);
        Assert.Equal(first.Zip(second, Math.Max), both);
        index.Score(WordsOf("parcel"), both);
        Assert.All(both, score => Assert.Equal(0, score));
    }

    [Fact]
    public void A_replaced_document_is_found_by_its_new_words_only_and_many_replacements_ask_for_a_reload()
    {
        using var corpus = new Corpus();
        var document = new CorpusDocument(Guid.CreateVersion7(), "workflow", Guid.CreateVersion7(), "Title", [], null,
            DateTimeOffset.UnixEpoch);
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

    private static IReadOnlyList<FusedHit> Find(Corpus corpus, string text) => corpus.Rank(new RankingRequest(
        corpus.Understand(QueryLine.Parse(text, []).Clauses), TermVector.TrigramsOf(text), null, 0, SearchFilter.None,
            0, 10, 0)).Hits;

    private static QueryWord[] WordsOf(string text) =>
        [.. text.Split(' ').Select(word => new QueryWord([new(TermOf(word), 1)]))];

    private static uint TermOf(string word) => TermVector.Of(word).Terms.Single().Term;

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
