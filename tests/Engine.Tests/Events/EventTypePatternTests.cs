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
    [InlineData("*.created", "order.item.created", false)]
    [InlineData("order.*.done", "order.a.done", true)]
    [InlineData("order.*.done", "order.a.b.done", false)]
    [InlineData("order.*.done", "order.done", false)]
    [InlineData("*.*", "order.created", true)]
    [InlineData("*.*", "order", false)]
    public void A_star_stands_for_a_segment_and_at_the_end_for_the_rest(string pattern, string type, bool matches)
    {
        Assert.True(EventTypePattern.TryParse(pattern, out var parsed));
        Assert.Equal(matches, parsed.Matches(type));
    }

    [Theory]
    [InlineData("order.created", true)]
    [InlineData("order.*", false)]
    [InlineData("*", false)]
    public void A_pattern_tells_whether_it_is_one_type(string pattern, bool isExact)
    {
        Assert.True(EventTypePattern.TryParse(pattern, out var parsed));
        Assert.Equal(isExact, parsed.IsExact);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("a**b")]
    [InlineData("ord*")]
    [InlineData("order.*d")]
    [InlineData("a.b.c.d.e.f.g.h.*")]
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
}
