using Workflows.AiSearch.Search;

namespace Workflows.AiSearch.Tests;

public sealed class QueryLineTests
{
    [Theory]
    [InlineData("refund order", "refund|order", "refund order")]
    [InlineData("+refund -order", "+refund|-order", "refund")]
    [InlineData("refund AND order", "+refund|+order", "refund order")]
    [InlineData("refund OR order OR parcel", "refund/order/parcel", "refund order parcel")]
    [InlineData("refund OR order AND parcel", "+refund/order|+parcel", "refund order parcel")]
    [InlineData("refund NOT order", "refund|-order", "refund")]
    [InlineData("refund and not order", "refund|and|not|order", "refund and not order")]
    [InlineData("\"refund an order\" now", "+'refund an order'|now", "refund an order now")]
    [InlineData("-\"refund an order\" now", "-'refund an order'|now", "now")]
    [InlineData("refun* order", "refun*|order", "refun order")]
    [InlineData("type:workflow tag:\"two words\" tag:b refund", "refund", "refund")]
    [InlineData("http://host:80 12:30 foo:bar", "http://host:80|12:30|foo:bar", "http://host:80 12:30 foo:bar")]
    [InlineData("well-known C++ -- + *", "well-known|C++|--|+|*", "well-known C++ -- + *")]
    [InlineData("an \"unclosed phrase", "an|\"unclosed|phrase", "an \"unclosed phrase")]
    [InlineData("OR refund AND", "+refund", "refund")]
    [InlineData("\"\"", "", "")]
    public void A_line_is_taken_apart(string line, string expected, string text)
    {
        var problems = new List<string>();

        var parsed = QueryLine.Parse(line, problems);

        Assert.Empty(problems);
        Assert.Equal(expected, string.Join('|', parsed.Clauses.Select(Show)));
        Assert.Equal(text, parsed.Text);
    }

    [Fact]
    public void Fields_are_filters()
    {
        var filter = QueryLine.Parse(
            "type:workflow type:execution tag:a after:2026-01-31 before:2026-03-01T12:00:00Z x", []).Filter;

        Assert.Equal(["workflow", "execution"], filter.ContentTypes);
        Assert.Equal(["a"], filter.Tags);
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero), filter.From);
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), filter.To);
    }

    [Theory]
    [InlineData("type:secret", "type 'secret' is unknown")]
    [InlineData("after:yesterday", "after must be a day")]
    [InlineData("before:0001-01-01", "before must be a day")]
    public void A_value_that_cannot_be_is_named(string line, string expected)
    {
        var problems = new List<string>();

        QueryLine.Parse(line, problems);

        Assert.StartsWith(expected, problems.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pasted_text_is_cut_after_so_many_clauses() => Assert.Equal(
        Limits.ClausesPerQuery,
        QueryLine.Parse(string.Join(' ', Enumerable.Repeat("word", Limits.ClausesPerQuery + 1)), []).Clauses.Count);

    [Theory]
    [InlineData("abcd", "abcd", 0)]
    [InlineData("sanctoins", "sanctions", 1)]
    [InlineData("recieve", "receive", 1)]
    [InlineData("ordr", "order", 1)]
    [InlineData("payement", "payment", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Edits_are_counted_with_swaps_of_neighbours(string left, string right, int distance)
    {
        Assert.Equal(distance, EditDistance.Between(left, right, 5));
        Assert.Equal(Math.Min(distance, 2), EditDistance.Between(left, right, 1) is var near && near > 1 ? 2 : near);
    }

    private static string Show(QueryClause clause) =>
        (clause.Demand switch { Demand.Required => "+", Demand.Excluded => "-", _ => "" })
        + string.Join('/', clause.Atoms.Select(atom => atom.IsPhrase ? $"'{atom.Text}'" : atom.IsBeginning
            ? atom.Text + "*" : atom.Text));
}
