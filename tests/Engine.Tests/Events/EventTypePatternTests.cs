using System.Diagnostics;
using Workflows.Engine.Events;

namespace Workflows.Engine.Tests.Events;

public sealed class EventTypePatternTests
{
    [Theory]
    [InlineData("order.created", "order.created", true)]
    [InlineData("order.created", "order.creates", false)]
    [InlineData("order.created", "Order.created", false)]
    [InlineData("order.*", "order.created", true)]
    [InlineData("order.*", "order.item.added", true)]
    [InlineData("order.*", "order.", true)]
    [InlineData("order.*", "order", false)]
    [InlineData("order.*", "orders.created", false)]
    [InlineData("*", "anything", true)]
    [InlineData("*.created", "order.created", true)]
    [InlineData("*.created", "created", false)]
    [InlineData("order.*.done", "order.a.b.done", true)]
    [InlineData("order.*.done", "order.done", false)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    [InlineData("*a*", "bab", true)]
    [InlineData("*a*", "bbb", false)]
    public void A_star_stands_for_any_run_of_characters(string pattern, string type, bool matches)
    {
        Assert.True(EventTypePattern.TryParse(pattern, out var parsed));
        Assert.Equal(matches, parsed.Matches(type));
    }

    [Theory]
    [InlineData("order.created", true, "order.created")]
    [InlineData("order.*", false, "order.")]
    [InlineData("*", false, "")]
    public void A_pattern_tells_an_index_what_it_can_use(string pattern, bool isExact, string prefix)
    {
        Assert.True(EventTypePattern.TryParse(pattern, out var parsed));
        Assert.Equal((isExact, prefix), (parsed.IsExact, parsed.Prefix));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("a**b")]
    public void What_is_no_pattern_is_refused(string? pattern)
    {
        Assert.False(EventTypePattern.TryParse(pattern, out _));
        Assert.NotNull(EventTypePattern.FindProblem(pattern));
    }

    [Theory]
    [InlineData(Limits.EventTypeLength, true)]
    [InlineData(Limits.EventTypeLength + 1, false)]
    public void The_limit_of_length_holds(int length, bool isPattern) =>
        Assert.Equal(isPattern, EventTypePattern.TryParse(new string('a', length), out _));

    [Fact]
    public void A_hostile_pattern_costs_no_more_than_the_product_of_the_lengths()
    {
        Assert.True(EventTypePattern.TryParse(string.Concat(Enumerable.Repeat("a*", 127)) + "b", out var pattern));
        var watch = Stopwatch.StartNew();

        Assert.False(pattern.Matches(new string('a', Limits.EventTypeLength)));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 1);
    }
}
