using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Approvals;

/// <summary>The inbox, decisions with forms, delegation, comments and substitutions as clients see them.</summary>
public sealed class ApprovalTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Form = """{"type": "object", "properties": {"limit": {"type": "integer", "maximum": 10}}, "required": ["limit"], "additionalProperties": false}""";

    [Fact]
    public async Task Somebody_asked_finds_the_request_decides_it_and_the_execution_goes_on()
    {
        var (ann, bob) = (await PersonAsync(), await PersonAsync());
        var (request, execution) = await api.Host.OpenApprovalAsync([ann.Id, bob.Id], form: Form);

        var item = Assert.Single((await ann.Client.GetAsync("approvals?include_total=true")).Ok().Data.EnumerateArray());
        Assert.Equal((request, "open"), (item.GetProperty("id").GetGuid(), item.GetProperty("status").GetString()));
        var detail = (await ann.Client.GetAsync($"approvals/{request}")).Ok().Data;
        Assert.Equal(10, detail.GetProperty("form").GetProperty("properties").GetProperty("limit").GetProperty("maximum").GetInt32());
        Assert.Equal(ann.Email, detail.GetProperty("assignees").EnumerateArray().Single(row => row.GetProperty("id").GetGuid() == ann.Id).GetProperty("name").GetString());

        var decided = (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve", comment = "fine", form = new { limit = 3 } })).Ok();
        Assert.Equal("approved", decided.Data.GetProperty("status").GetString());
        Assert.Equal("queued", await api.Host.ScalarAsync<string>("select status from executions where id = $1", execution));
        Assert.Equal(
            "approved 3 fine",
            await api.Host.ScalarAsync<string>(
                "select concat_ws(' ', payload ->> 'outcome', payload #>> '{form,limit}', payload #>> '{decisions,0,comment}') from waits where execution_id = $1", execution));
        Assert.Empty((await bob.Client.GetAsync("approvals")).Ok().Data.EnumerateArray());
        Assert.Single((await ann.Client.GetAsync("approvals?state=decided")).Ok().Data.EnumerateArray());
        Assert.Single((await bob.Client.GetAsync("approvals?state=all")).Ok().Data.EnumerateArray());

        (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve", form = new { limit = 3 } })).Ok();
        var late = (await bob.Client.PostAsync($"approvals/{request}/decide", new { decision = "reject" })).Fails(HttpStatusCode.Conflict, "APPROVAL_CLOSED");
        Assert.Equal("approved", late.Json.GetProperty("error").GetProperty("details")[0].GetProperty("message").GetString());
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from user_activity where object_id = $1 and action = 'approval.decide' and actor_id = $2", request, ann.Id));
    }

    [Theory]
    [InlineData("""{"decision": "maybe"}""", HttpStatusCode.BadRequest, "VALIDATION_FAILED")]
    [InlineData("""{}""", HttpStatusCode.BadRequest, "VALIDATION_FAILED")]
    [InlineData("""{"decision": "approve", "vote": 1}""", HttpStatusCode.BadRequest, "UNKNOWN_FIELD")]
    [InlineData("""{"decision": "approve"}""", HttpStatusCode.UnprocessableEntity, "FORM_INVALID")]
    [InlineData("""{"decision": "approve", "form": null}""", HttpStatusCode.UnprocessableEntity, "FORM_INVALID")]
    [InlineData("""{"decision": "approve", "form": {"limit": 11}}""", HttpStatusCode.UnprocessableEntity, "FORM_INVALID")]
    [InlineData("""{"decision": "reject", "form": {"limt": 1}}""", HttpStatusCode.UnprocessableEntity, "FORM_INVALID")]
    public async Task A_decision_that_cannot_be_used_changes_nothing(string body, HttpStatusCode status, string code)
    {
        var ann = await PersonAsync();
        var (request, _) = await api.Host.OpenApprovalAsync([ann.Id], form: Form);

        (await ann.Client.PostAsync($"approvals/{request}/decide", body)).Fails(status, code);

        Assert.Equal("open", await api.Host.ScalarAsync<string>("select status from approval_requests where id = $1", request));
        Assert.Equal("rejected", (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "reject" })).Ok().Data.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Data_beyond_the_limits_and_data_that_nobody_asked_for_are_refused()
    {
        var ann = await PersonAsync();
        var (request, _) = await api.Host.OpenApprovalAsync([ann.Id]);

        (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve", form = new { x = 1 } })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve", form = new string('x', Limits.DecisionFormBytes) }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve", comment = new string('x', Limits.CommentLength + 1) }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task A_request_is_hidden_from_whom_it_does_not_concern_and_decided_by_nobody_else()
    {
        var role = await api.Host.AddRoleAsync("approvals.read", "approvals.decide");
        var (ann, stranger, viewer) = (await PersonAsync(), await api.Host.AddPersonAsync(role), await api.Host.AddPersonAsync("viewer"));
        var (request, _) = await api.Host.OpenApprovalAsync([ann.Id]);
        var (own, _) = await api.Host.OpenApprovalAsync([ann.Id], excluded: ann.Id);
        using var key = api.Host.Owner();

        (await stranger.Client.GetAsync($"approvals/{request}")).Fails(HttpStatusCode.NotFound, "APPROVAL_NOT_FOUND");
        (await stranger.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Fails(HttpStatusCode.NotFound, "APPROVAL_NOT_FOUND");
        (await stranger.Client.PostAsync($"approvals/{request}/comment", new { text = "x" })).Fails(HttpStatusCode.NotFound, "APPROVAL_NOT_FOUND");
        (await stranger.Client.GetAsync("approvals?scope=all")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await viewer.Client.GetAsync($"approvals/{request}")).Ok();
        (await viewer.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Fails(HttpStatusCode.Forbidden, "APPROVAL_NOT_YOURS");
        (await ann.Client.PostAsync($"approvals/{own}/decide", new { decision = "approve" })).Fails(HttpStatusCode.Forbidden, "APPROVAL_NOT_YOURS");
        (await key.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await key.GetAsync("approvals")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        Assert.Contains((await key.GetAsync("approvals?scope=all&state=open&per_page=100")).Ok().Data.EnumerateArray(), row => row.GetProperty("id").GetGuid() == request);
        var execution = (await key.GetAsync($"approvals/{request}")).Ok().Data.GetProperty("executionId").GetGuid();
        var ofOne = (await key.GetAsync($"approvals?scope=all&execution={execution}")).Ok().Data.EnumerateArray();
        Assert.Equal([request], ofOne.Select(row => row.GetProperty("id").GetGuid()));
        var ofNone = (await key.GetAsync($"approvals?scope=all&state=approved&execution={execution}")).Ok();
        Assert.Empty(ofNone.Data.EnumerateArray());
        (await ann.Client.GetAsync($"approvals?execution={execution}"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await key.GetAsync("approvals?scope=all&state=decided")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await ann.Client.GetAsync("approvals?state=closed")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await ann.Client.GetAsync("approvals?status=open")).Fails(HttpStatusCode.BadRequest, "UNKNOWN_PARAMETER");
    }

    [Fact]
    public async Task Fifty_clicks_on_two_instances_have_one_outcome()
    {
        await using var twin = await api.Host.StartTwinAsync(api.Redis);
        var people = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PersonAsync()));
        var (request, execution) = await api.Host.OpenApprovalAsync([.. people.Select(person => person.Id)]);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async click =>
        {
            using var client = (click < 25 ? api.Host : twin).Client(people[click % 10].Token);
            return await client.PostAsync($"approvals/{request}/decide", new { decision = click % 10 < 5 ? "approve" : "reject" });
        }));

        var status = await api.Host.ScalarAsync<string>("select status from approval_requests where id = $1", request);
        Assert.All(answers, answer => Assert.Equal(
            status, answer.ErrorCode is null ? answer.Ok().Data.GetProperty("status").GetString()
                : answer.Fails(HttpStatusCode.Conflict, "APPROVAL_CLOSED").Json.GetProperty("error").GetProperty("details")[0].GetProperty("message").GetString()));
        Assert.Equal(1, await api.Host.ScalarAsync<long>("select count(*) from approval_decisions where request_id = $1", request));
        Assert.Equal(1, await api.Host.ScalarAsync<int>("select wakes from executions where id = $1", execution));
    }

    [Fact]
    public async Task A_part_is_delegated_commented_on_and_decided_by_the_other()
    {
        var (ann, bob) = (await PersonAsync(), await PersonAsync());
        var (request, _) = await api.Host.OpenApprovalAsync([ann.Id], mode: "all");

        (await ann.Client.PostAsync($"approvals/{request}/delegate", new { to = ann.Id })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ann.Client.PostAsync($"approvals/{request}/comment", new { text = " " })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ann.Client.PostAsync($"approvals/{request}/comment", new { text = "You know him better." })).Ok();
        (await ann.Client.PostAsync($"approvals/{request}/delegate", new { to = bob.Id })).Ok();
        (await ann.Client.PostAsync($"approvals/{request}/delegate", new { to = bob.Id })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ann.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Fails(HttpStatusCode.Forbidden, "APPROVAL_NOT_YOURS");
        Assert.Equal("approved", (await bob.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Ok().Data.GetProperty("status").GetString());

        var detail = (await ann.Client.GetAsync($"approvals/{request}")).Ok().Data;
        Assert.Equal(ann.Id, detail.GetProperty("assignees")[0].GetProperty("delegatedFrom").GetGuid());
        Assert.Equal("You know him better.", detail.GetProperty("comments")[0].GetProperty("text").GetString());
        (await bob.Client.PostAsync($"approvals/{request}/comment", new { text = "late" })).Fails(HttpStatusCode.Conflict, "APPROVAL_CLOSED");
    }

    [Fact]
    public async Task A_substitute_is_named_sees_and_decides_and_is_dismissed()
    {
        var (ann, bob) = (await PersonAsync(), await PersonAsync());
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1);
        (await ann.Client.PostAsync("users/me/substitutions", new { substituteId = ann.Id, endsAt = tomorrow })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ann.Client.PostAsync("users/me/substitutions", new { substituteId = bob.Id, endsAt = tomorrow.AddDays(-2) })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ann.Client.PostAsync("users/me/substitutions", new { substituteId = Guid.CreateVersion7(), endsAt = tomorrow })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var made = (await ann.Client.PostAsync("users/me/substitutions", new { substituteId = bob.Id, endsAt = tomorrow })).Ok(HttpStatusCode.Created);
        var (request, _) = await api.Host.OpenApprovalAsync([ann.Id]);

        Assert.Single((await bob.Client.GetAsync("users/me/substitutions")).Ok().Data.EnumerateArray());
        Assert.Single((await bob.Client.GetAsync("approvals")).Ok().Data.EnumerateArray());
        (await bob.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Ok();
        Assert.Equal(ann.Id, (await ann.Client.GetAsync($"approvals/{request}")).Ok().Data.GetProperty("decisions")[0].GetProperty("onBehalfOf").GetGuid());

        (await bob.Client.DeleteAsync($"users/me/substitutions/{made.Id}")).Fails(HttpStatusCode.NotFound, "SUBSTITUTION_NOT_FOUND");
        (await ann.Client.DeleteAsync($"users/me/substitutions/{made.Id}")).Ok();
        var (next, _) = await api.Host.OpenApprovalAsync([ann.Id]);
        (await bob.Client.PostAsync($"approvals/{next}/decide", new { decision = "approve" })).Fails(HttpStatusCode.Forbidden, "APPROVAL_NOT_YOURS");
    }

    [Fact]
    public async Task Notifications_are_ones_own_and_are_marked_as_read()
    {
        var (ann, bob) = (await PersonAsync(), await PersonAsync());
        var first = await api.Host.AddNotificationAsync(ann.Id, "one");
        await api.Host.AddNotificationAsync(ann.Id, "two");

        Assert.Equal(["two", "one"], (await ann.Client.GetAsync("notifications")).Ok().Data.EnumerateArray().Select(row => row.GetProperty("title").GetString()));
        Assert.Empty((await bob.Client.GetAsync("notifications")).Ok().Data.EnumerateArray());
        (await bob.Client.PostAsync($"notifications/{first}/read")).Fails(HttpStatusCode.NotFound, "NOTIFICATION_NOT_FOUND");
        (await ann.Client.PostAsync($"notifications/{first}/read")).Ok();
        Assert.Equal(1, (await ann.Client.GetAsync("notifications?unread=true&include_total=true")).Ok().Pagination.GetProperty("total").GetInt32());
        Assert.Equal(1, (await ann.Client.PostAsync("notifications/read-all")).Ok().Data.GetProperty("marked").GetInt32());
    }

    private Task<Person> PersonAsync() => api.Host.AddPersonAsync("viewer");
}
