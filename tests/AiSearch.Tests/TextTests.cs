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
    [InlineData("Which one refunds an order?", "which one refunds an order")]
    [InlineData("refundOrder HTTPClient snake_case utf8", "refund order http client snake case utf8")]
    [InlineData("Größe, naïve ÆON — smørrebrød Ελλάς Ёлка ｆｕｌｌ", "grosse naive aeon smorrebrod ελλασ елка full")]
    [InlineData("东京都 取消订单 a", "东京 京都 取消 消订 订单 a")]
    [InlineData("茶", "茶")]
    [InlineData("한국어API", "한국 국어 api")]
    [InlineData("  \t\n", "")]
    public void Text_becomes_folded_words(string text, string expected)
    {
        var words = new List<string>();
        Analyzer.ReadWords(text, (word, _, _) => words.Add(word.ToString()));

        Assert.Equal(expected, string.Join(' ', words));
    }

    [Theory]
    [InlineData("Die Bestellung wird an den Kunden zurückgezahlt", Language.German)]
    [InlineData("The order is refunded to the customer", Language.English)]
    [InlineData("CAMT.053", Language.English)]
    [InlineData("Le client est remboursé", Language.English)]
    public void A_text_is_in_the_language_of_its_function_words(string text, object language) =>
        Assert.Equal((Language)language, Languages.Detect(text));

    [Fact]
    public void Words_of_a_language_meet_in_their_stem_and_those_of_two_do_not()
    {
        Assert.Equal(Term("bestellungen", Language.German), Term("bestellung", Language.German));
        Assert.Equal(Term("orders", Language.English), Term("order", Language.English));
        Assert.NotEqual(Term("order", Language.German), Term("order", Language.English));
        Assert.False(Analyzer.TryGetTerm("the", Language.English, out _));
        Assert.False(Analyzer.TryGetTerm("und", Language.German, out _));

        static uint Term(string word, Language language) => Analyzer.TryGetTerm(word, language, out var term) ? term
            : 0;
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
        Assert.All(Enumerable.Range(0, 1_000), i =>
            Assert.Contains(pieces, piece => $" {piece} ".Contains($" word{i}", StringComparison.Ordinal)));
        Assert.All(pieces.Zip(pieces.Skip(1)), pair =>
            Assert.Contains(pair.Second.Split(' ')[0], pair.First, StringComparison.Ordinal));
        Assert.Equal(["no spaces".Replace(' ', '-')], TextSplitter.Split("no-spaces", 500, 100));
        Assert.Equal(1_200, TextSplitter.Split(new string('x', 1_200), 500, 0).Sum(piece => piece.Length));
    }

    [Fact]
    public void The_snippet_shows_the_part_with_most_of_the_query_and_marks_it()
    {
        var text = string.Concat(Enumerable.Repeat(
            "filler words here. ", 60)) + "The refund of an Order is paid. " + new string('z', 400);
        var wanted = TermVector.Of("refund orders").Terms.Select(term => term.Term).ToHashSet();
        var (snippet, highlights, terms) = Highlighter.Highlight(text, wanted);

        Assert.InRange(snippet.Length, 1, Limits.SnippetLength);
        Assert.Equal(["refund", "Order"], highlights.Select(mark => snippet.Substring(mark.Start, mark.Length)));
        Assert.Equal(["refund", "order"], terms);
        var nothing = Highlighter.Highlight("nothing of it", wanted);
        Assert.Equal(("nothing of it", 0), (nothing.Snippet, nothing.Highlights.Count));
    }

    [Fact]
    public void Pairs_of_characters_that_overlap_are_one_mark()
    {
        var wanted = TermVector.Of("取消订单").Terms.Select(term => term.Term).ToHashSet();

        var (marks, _) = Highlighter.Mark("如何取消订单？", wanted);

        Assert.Equal(new Highlight(2, 4), marks.Single());
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
        Assert.All(Enumerable.Range(0, 100), i =>
            Assert.Contains(content.Chunks, chunk => chunk.Text.Contains($"service{i}.", StringComparison.Ordinal)));
        Assert.Equal("overview", content.Chunks[0].Label);
        Assert.All(content.Chunks.Skip(1).Zip(content.Chunks.Skip(2)), pair =>
            Assert.Equal(pair.First.Text.Split('\n')[^1], pair.Second.Text.Split('\n')[0]));
        Assert.Contains("nested deep: x", content.Chunks[1].Text, StringComparison.Ordinal);
    }
}
