using System.Text;
using System.Text.Json;
using Workflows.Engine.Events;

namespace Workflows.Engine.Tests.Events;

public sealed class RuleNotificationTests
{
    [Fact]
    public void It_is_rendered_over_the_event()
    {
        var told = Render(
            """{"type": "notify", "users": "{{ event.data.owner }}", "groups": ["ops", "ops", ""], "title": "Order {{ event.data.n }} is late", "link": "/orders/{{ event.data.n }}", "level": "warning"}""",
            out var problem);

        Assert.Equal("", problem);
        Assert.Equal(["ann@x.org"], told!.Users);
        Assert.Equal(["ops"], told.Groups);
        Assert.Empty(told.Roles);
        Assert.Equal(("Order 7 is late", null, "/orders/7", "warning"), (told.Title, told.Body, told.Link, told.Level));
    }

    [Theory]
    [InlineData("""{"type": "notify", "users": "a", "title": "{{ event.data.nothing }}"}""", "the title is empty")]
    [InlineData("""{"type": "notify", "users": "{{ event.data.n }}", "title": "t"}""", "The parameter 'users' must be text or a list of texts.")]
    [InlineData("""{"type": "notify", "users": "a", "title": "t", "link": "javascript:alert(1)"}""", "'link' must be an http or https address, or a path that begins with '/'.")]
    [InlineData("""{"type": "notify", "users": "a", "title": "{{ $pad('x', 201) }}"}""", "The title has 201 characters; at most 200 are allowed.")]
    public void What_cannot_be_told_has_its_reason(string action, string reason)
    {
        Assert.Null(Render(action, out var problem));
        Assert.Equal(reason, problem);
    }

    [Theory]
    [InlineData("""{"type": "notify", "title": "t"}""", "FIELD_MISSING /actions/0")]
    [InlineData("""{"type": "notify", "users": "a"}""", "FIELD_MISSING /actions/0/title")]
    [InlineData("""{"type": "notify", "users": "a", "title": "t", "text": "b"}""", "FIELD_UNKNOWN /actions/0/text")]
    [InlineData("""{"type": "notify", "users": "a", "title": "{{ input.x }}"}""", "EXPRESSION_NAME_UNKNOWN /actions/0/title")]
    public void A_wrong_action_is_refused_with_its_rule(string action, string problem)
    {
        Assert.False(Rule.TryCompile(Encoding.UTF8.GetBytes($$"""{"eventType": "t", "actions": [{{action}}]}"""), out _, out var problems));
        Assert.Equal([problem], problems.Select(found => $"{found.Code} {found.Pointer}"));
    }

    private static RuleNotification? Render(string action, out string problem)
    {
        Assert.True(Rule.TryCompile(Encoding.UTF8.GetBytes($$"""{"eventType": "t", "actions": [{{action}}]}"""), out var rule, out var problems), string.Join("\n", problems));
        using var cloudEvent = JsonDocument.Parse("""{"type": "t", "data": {"n": 7, "owner": "ann@x.org"}}""");
        return RuleNotification.Render(
            Assert.IsType<RuleAction.Notify>(rule.Actions[0]), EventCondition.Scope(cloudEvent.RootElement), out problem);
    }
}
