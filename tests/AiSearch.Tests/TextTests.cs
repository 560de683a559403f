using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Tests;

public sealed class TextTests
{
    // Pairs from Porter's paper.
    [Theory]
    [InlineData("caresses", "caress")]
    [InlineData("ponies", "poni")]
    [InlineData("feed", "feed")]
    [InlineData("agreed", "agre")]
    [InlineData("plastered", "plaster")]
    [InlineData("motoring", "motor")]
    [InlineData("hopping", "hop")]
    [InlineData("falling", "fall")]
    [InlineData("filing", "file")]
    [InlineData("happy", "happi")]
    [InlineData("relational", "relat")]
    [InlineData("vietnamization", "vietnam")]
    [InlineData("triplicate", "triplic")]
    [InlineData("hopefulness", "hope")]
    [InlineData("replacement", "replac")]
    [InlineData("adoption", "adopt")]
    [InlineData("controll", "control")]
    [InlineData("größer", "größer")]
    [InlineData("as", "as")]
    public void Words_are_stemmed_as_porter_says(string word, string stem)
    {
        var buffer = new char[word.Length + 1];
        word.CopyTo(buffer);

        Assert.Equal(stem, new string(buffer, 0, PorterStemmer.Stem(buffer, word.Length)));
    }

    [Theory]
    [InlineData("Which one refunds an order?", "refund order")]
    [InlineData("refundOrder HTTPClient snake_case utf8", "refund order http client snake case utf8")]
    [InlineData("Größe, naïve — 東京", "größe naïve 東京")]
    [InlineData("  \t\n", "")]
    public void Text_becomes_terms(string text, string expected)
    {
        var terms = new List<string>();
        Analyzer.Analyze(text, (term, _, _) => terms.Add(term.ToString()));

        Assert.Equal(expected, string.Join(' ', terms));
    }

    [Fact]
    public void No_more_terms_are_read_than_the_limit_and_no_longer_ones()
    {
        var many = string.Concat(Enumerable.Repeat("word ", Limits.TermsPerText + 1));
        Assert.Equal(Limits.TermsPerText, TermVector.Of(many).Length);

        var longest = new string('x', Limits.TermMaxLength);
        Assert.Equal(TermVector.Of(longest).Terms[0].Term, TermVector.Of(longest + "y").Terms[0].Term);
    }

    [Fact]
    public void A_term_vector_comes_back_as_it_was_stored()
    {
        var vector = TermVector.Of("a title", "refund the refund of an order");
        var back = TermVector.FromBytes(vector.ToBytes());

        Assert.Equal(vector.Terms, back.Terms);
        Assert.Equal(4, back.Length);
        Assert.Throws<InvalidDataException>(() => TermVector.FromBytes(new byte[7]));
    }

    [Fact]
    public void Pieces_of_a_text_overlap_and_lose_nothing()
    {
        var text = string.Join(' ', Enumerable.Range(0, 1_000).Select(i => $"word{i}{(i % 12 == 0 ? "." : "")}"));
        var pieces = TextSplitter.Split(text, 500, 100).ToList();

        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 500));
        Assert.All(Enumerable.Range(0, 1_000), i => Assert.Contains(pieces, piece => $" {piece} ".Contains($" word{i}", StringComparison.Ordinal)));
        Assert.All(pieces.Zip(pieces.Skip(1)), pair => Assert.Contains(pair.Second.Split(' ')[0], pair.First, StringComparison.Ordinal));
        Assert.Equal(["no spaces".Replace(' ', '-')], TextSplitter.Split("no-spaces", 500, 100));
        Assert.Equal(1_200, TextSplitter.Split(new string('x', 1_200), 500, 0).Sum(piece => piece.Length));
    }

    [Fact]
    public void The_snippet_shows_the_part_with_most_of_the_query_and_marks_it()
    {
        var text = string.Concat(Enumerable.Repeat("filler words here. ", 60)) + "The refund of an Order is paid. " + new string('z', 400);
        var (snippet, highlights, terms) = Highlighter.Highlight(text, TermVector.Of("refund orders"));

        Assert.InRange(snippet.Length, 1, Limits.SnippetLength);
        Assert.Equal(["refund", "Order"], highlights.Select(mark => snippet.Substring(mark.Start, mark.Length)));
        Assert.Equal(["refund", "order"], terms);
        Assert.Equal(("nothing of it", 0), (Highlighter.Highlight("nothing of it", TermVector.Of("refund")).Snippet,
            Highlighter.Highlight("nothing of it", TermVector.Of("refund")).Highlights.Count));
    }

    [Fact]
    public void A_large_workflow_is_cut_into_runs_of_nodes_that_share_one()
    {
        var nodes = string.Join(',', Enumerable.Range(0, 100).Select(i =>
            $$"""{"id":"n{{i}}","type":"http","name":"Node {{i}}","parameters":{"url":"https://service{{i}}.example/","nested":{"deep":[1,true,"x"]} } }"""));
        var content = WorkflowContent.Of(new WorkflowSource(
            Guid.CreateVersion7(), "Large", "", "production", [], null, 1, DateTimeOffset.UnixEpoch, false, true, $$"""{"nodes":[{{nodes}}]}"""));

        Assert.InRange(content.Chunks.Count, 4, 20);
        Assert.All(content.Chunks, chunk => Assert.InRange(chunk.Text.Length, 1, Limits.ChunkMaxLength));
        Assert.All(Enumerable.Range(0, 100), i => Assert.Contains(content.Chunks, chunk => chunk.Text.Contains($"service{i}.", StringComparison.Ordinal)));
        Assert.Equal("overview", content.Chunks[0].Label);
        Assert.All(content.Chunks.Skip(1).Zip(content.Chunks.Skip(2)), pair =>
            Assert.Equal(pair.First.Text.Split('\n')[^1], pair.Second.Text.Split('\n')[0]));
        Assert.Contains("nested deep: x", content.Chunks[1].Text, StringComparison.Ordinal);
    }
}
