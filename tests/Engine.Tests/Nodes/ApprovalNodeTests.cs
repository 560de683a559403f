using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>The approval node: what it asks for, and by which port each answer leaves.</summary>
public sealed class ApprovalNodeTests
{
    private const string Form = """{"type": "object", "properties": {"limit": {"type": "number"}}, "required": ["limit"]}""";

    [Fact]
    public void It_parks_the_execution_with_the_whole_request()
    {
        var driver = ExecutionDriver.Start(
            Approval($$"""
                "title": "Refund {{"{{ input.amount }}"}}?", "users": ["ann@x.org", "{{"{{ input.boss }}"}}", "ann@x.org"], "groups": "finance", "mode": "count",
                "count": 2, "allowSelfApproval": false, "dueSeconds": 60, "expirySeconds": 3600, "reminderSeconds": 30, "escalationSeconds": 90,
                "escalationRoles": ["admin"], "form": {{Form}}, "data": {"amount": "{{"{{ input.amount }}"}}"}
                """),
            input: """{"amount": 7, "boss": "bob@x.org"}""");

        var wait = Assert.Single(driver.Waits.Values);
        Assert.Equal((WaitKind.Approval, ExecutionDriver.Epoch.AddHours(1)), (wait.Kind, wait.DueAt));
        Assert.Equal(
            JsonSerializer.Serialize(JsonElement.Parse(
                $$"""
                {"title": "Refund 7?", "description": null, "users": ["ann@x.org", "bob@x.org"], "groups": ["finance"], "roles": [], "mode": "count", "count": 2,
                 "allowSelfApproval": false, "dueSeconds": 60, "reminderSeconds": 30, "maxReminders": 3, "escalationSeconds": 90,
                 "escalation": {"users": [], "groups": [], "roles": ["admin"]}, "form": {{Form}}, "data": {"amount": 7} }
                """)),
            JsonSerializer.Serialize(JsonElement.Parse(wait.Request.Span)));
        Assert.True(driver.State.IsParked);
    }

    [Theory]
    [InlineData(WaitOutcome.Answered, """{"outcome":"approved","form":{"limit":1}}""", "a:approved yes:main")]
    [InlineData(WaitOutcome.Answered, """{"outcome":"rejected"}""", "a:rejected no:main")]
    [InlineData(WaitOutcome.Timeout, """{"outcome":"expired","decisions":[1]}""", "a:expired late:main")]
    [InlineData(WaitOutcome.Timeout, null, "a:expired late:main")]
    [InlineData(WaitOutcome.Answered, """{"outcome":"unassigned"}""", "a:error bad:main")]
    [InlineData(WaitOutcome.Answered, """{"outcome":"maybe"}""", "a:error bad:main")]
    public void Each_answer_leaves_by_its_port_with_the_decisions(WaitOutcome outcome, string? answer, string story)
    {
        var driver = ExecutionDriver.Start(
            $"{Approval("""
                "title": "T", "users": "u", "expirySeconds": 5
                """)}, {Flow.Noop("yes")}, {Flow.Noop("no")}, {Flow.Noop("late")}, {Flow.Noop("bad")}",
            "a.approved>yes, a.rejected>no, a.expired>late, a.error>bad");

        driver.Crash();
        driver.Resolve("a", outcome, answer);

        Assert.Equal(story, driver.Story);
        if (answer is not null && !story.Contains("error", StringComparison.Ordinal))
        {
            Assert.Equal(answer, driver.OutputOf("a"));
        }
    }

    [Fact]
    public void An_expiry_that_leads_nowhere_fails_the_execution()
    {
        var driver = ExecutionDriver.Start(Approval(""" "title": "T", "users": "u", "expirySeconds": 5 """));

        driver.Resolve("a", WaitOutcome.Timeout);

        Assert.Equal(StepErrorCodes.ApprovalExpired, driver.Error!.Code);
    }

    [Theory]
    [InlineData(""" "title": "{{ '' }}", "users": "u" """)]
    [InlineData(""" "title": "T", "users": "{{ input.nobody }}" """)]
    [InlineData(""" "title": "T", "users": ["  "] """)]
    [InlineData(""" "title": "T", "users": [1] """)]
    [InlineData(""" "title": "T", "users": "u", "mode": "count", "count": "{{ 0 }}" """)]
    [InlineData(""" "title": "T", "users": "u", "mode": "count", "count": "{{ 1.5 }}" """)]
    [InlineData(""" "title": "T", "users": "u", "expirySeconds": "{{ -1 }}" """)]
    [InlineData(""" "title": "T", "users": "u", "form": {"type": "{{ 'strange' }}"} """)]
    [InlineData(""" "title": "T", "users": "{{ [1..51].$string() }}" """)]
    public void A_request_that_makes_no_sense_is_a_step_error(string parameters) =>
        Assert.Equal(StepErrorCodes.ParameterInvalid, ExecutionDriver.Start(Approval(parameters)).Error!.Code);

    [Fact]
    public void A_request_beyond_the_limit_is_refused()
    {
        var data = new string('x', Limits.ApprovalRequestBytes);

        Assert.Equal(
            StepErrorCodes.ParametersTooLarge,
            ExecutionDriver.Start(Approval($""" "title": "T", "users": "u", "data": "{data}" """)).Error!.Code);
    }

    [Theory]
    [InlineData(""" "title": "T" """, DefinitionProblemCodes.ParameterMissing)]
    [InlineData(""" "title": "T", "users": "u", "count": 2 """, DefinitionProblemCodes.ParameterConflict)]
    [InlineData(""" "title": "T", "users": "u", "mode": "count" """, DefinitionProblemCodes.ParameterConflict)]
    [InlineData(""" "title": "T", "users": "u", "escalationSeconds": 2 """, DefinitionProblemCodes.ParameterConflict)]
    [InlineData(""" "title": "T", "users": "u", "escalationUsers": "v" """, DefinitionProblemCodes.ParameterConflict)]
    [InlineData(""" "title": "T", "users": "u", "form": {"type": "strange"} """, "")]
    public void What_cannot_work_is_found_when_it_is_saved(string parameters, string code)
    {
        var problem = Assert.Single(Flow.Problems(Flow.Json(Approval(parameters))));

        Assert.True(code.Length == 0 ? problem.Pointer.StartsWith("/nodes/0/parameters/form", StringComparison.Ordinal) : problem.Code == code, problem.ToString());
    }

    [Fact]
    public void A_cancelled_execution_closes_the_request()
    {
        var driver = ExecutionDriver.Start(Approval(""" "title": "T", "users": "u" """));

        driver.Apply(new CancelRequested("enough"));

        Assert.Contains(driver.Last, decision => decision is CloseWait { NodeId: "a", Kind: WaitKind.Approval });
    }

    [Theory]
    [InlineData("""{"limit": 3}""", 0)]
    [InlineData("""{}""", 1)]
    [InlineData("""{"limit": "3"}""", 1)]
    public void A_form_is_checked_as_its_schema_says(string data, int problems) =>
        Assert.Equal(problems, FormSchema.Validate(System.Text.Encoding.UTF8.GetBytes(Form), JsonElement.Parse(data)).Count);

    private static string Approval(string parameters) => $$$"""{"id": "a", "type": "approval", "parameters": { {{{parameters}}} }}""";
}
