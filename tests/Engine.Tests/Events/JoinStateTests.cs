using System.Text;
using Workflows.Engine.Events;

namespace Workflows.Engine.Tests.Events;

public sealed class JoinStateTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("any", "a0 b9", "0 9")]
    [InlineData("any", "b0 a9", "9 0")]
    [InlineData("any", "a0 b11", null)]
    [InlineData("any", "a0 a8 b11", "8 11")]
    [InlineData("any", "b11 a0 a8", "8 11")]
    [InlineData("any", "x0", null)]
    [InlineData("any", "x0 x1", "0 1")]
    [InlineData("sequence", "b0 a1", null)]
    [InlineData("sequence", "a1 b2", "1 2")]
    [InlineData("sequence", "b2 a1", "1 2")]
    [InlineData("sequence", "a0 a5 b9", "5 9")]
    [InlineData("sequence", "a0 b11", null)]
    public void A_set_is_complete_when_its_events_lie_within_the_window(string order, string events, string? expected)
    {
        var rule = RuleOf(order);
        var state = Empty(rule);
        IReadOnlyList<Guid>? complete = null;
        foreach (var part in events.Split(' '))
        {
            Assert.Null(complete);
            complete = state.Add(rule, part[0] switch { 'a' => [0], 'b' => [1], _ => [0, 1] }, At(int.Parse(part[1..], null)));
            state = JoinState.Read(state.ToUtf8Json(rule), rule);
        }

        Assert.Equal(expected, complete is null ? null : string.Join(' ', complete.Select(id => (JoinState.TimeOf(id) - Start).TotalSeconds)));
        Assert.Equal(complete is not null, state.IsEmpty);
    }

    [Fact]
    public void No_more_than_the_newest_events_of_a_slot_are_kept()
    {
        var rule = RuleOf("any");
        var state = Empty(rule);
        for (var second = 0; second < Limits.JoinEventsPerSlot + 5; second++)
        {
            Assert.Null(state.Add(rule, [0], Guid.CreateVersion7(Start.AddMilliseconds(second))));
        }

        Assert.Equal(Limits.JoinEventsPerSlot, Encoding.UTF8.GetString(state.ToUtf8Json(rule)).Count(character => character == ',') + 1);
        Assert.Equal(Start.AddMilliseconds(Limits.JoinEventsPerSlot + 4).AddSeconds(10), state.ExpiresAt(rule));
    }

    private static Guid At(int second) => Guid.CreateVersion7(Start.AddSeconds(second));

    private static JoinState Empty(Rule rule) => JoinState.Read("{}"u8.ToArray(), rule);

    private static Rule RuleOf(string order)
    {
        Assert.True(Rule.TryCompile(
            Encoding.UTF8.GetBytes(
                $$"""
                {"join": {"events": [{"type": "a", "as": "a"}, {"type": "b", "as": "b"}], "within": 10, "correlateBy": "event.subject", "order": "{{order}}"},
                 "actions": [{"type": "emitEvent", "eventType": "c"}]}
                """),
            out var rule, out var problems), string.Join('\n', problems));
        return rule;
    }
}
