using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Papers;

/// <summary>Tickets inside a tenant, and those that are addressed to the platform.</summary>
public sealed class TicketTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task People_have_their_own_tickets_and_who_manages_tickets_has_all()
    {
        var (writer, other) = (await api.Host.AddPersonAsync("viewer"), await api.Host.AddPersonAsync("viewer"));
        var admin = await api.Host.AddPersonAsync("admin");
        var ticket = (await writer.Client.PostAsync("tickets", new { title = "Broken", text = "It does not run" }))
            .Ok(HttpStatusCode.Created);

        (await other.Client.GetAsync($"tickets/{ticket.Id}")).Fails(HttpStatusCode.NotFound, "TICKET_NOT_FOUND");
        (await other.Client.PostAsync($"tickets/{ticket.Id}/comment", new { text = "me too" }))
            .Fails(HttpStatusCode.NotFound, "TICKET_NOT_FOUND");
        Assert.Empty((await other.Client.GetAsync("tickets")).Ok().Data.EnumerateArray());
        Assert.Single((await writer.Client.GetAsync("tickets")).Ok().Data.EnumerateArray());
        (await writer.Client.PatchAsync($"tickets/{ticket.Id}", ticket.ETag, new { priority = "urgent" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await writer.Client.PatchAsync($"tickets/{ticket.Id}", ticket.ETag, new { status = "resolved" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");

        var assigned = (await admin.Client.PatchAsync(
            $"tickets/{ticket.Id}", ticket.ETag,
            new { status = "in_progress", priority = "high", assigneeId = other.Id })).Ok();
        (await other.Client.PostAsync($"tickets/{ticket.Id}/comment", new { text = "looking" }))
            .Ok(HttpStatusCode.Created);
        (await other.Client.PatchAsync($"tickets/{ticket.Id}", assigned.ETag, new { text = "not mine to change" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var told = Assert.Single((await writer.Client.GetAsync("notifications")).Ok().Data.EnumerateArray());
        Assert.Equal($"/tickets/{ticket.Id}", told.GetProperty("link").GetString());
        var comment = Assert.Single(
            (await writer.Client.GetAsync($"tickets/{ticket.Id}/comments")).Ok().Data.EnumerateArray());
        Assert.Equal(other.Id, comment.GetProperty("authorId").GetGuid());

        var closed = (await writer.Client.PatchAsync($"tickets/{ticket.Id}", assigned.ETag, new { status = "closed" }))
            .Ok();
        Assert.NotEqual(default, closed.Data.GetProperty("closedAt").GetDateTimeOffset());
        (await writer.Client.PatchAsync($"tickets/{ticket.Id}", assigned.ETag, new { status = "open" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await writer.Client.DeleteAsync($"tickets/{ticket.Id}", closed.ETag))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.Client.DeleteAsync($"tickets/{ticket.Id}", closed.ETag)).Ok();
        (await admin.Client.GetAsync($"tickets/{ticket.Id}")).Fails(HttpStatusCode.NotFound, "TICKET_NOT_FOUND");
    }

    [Fact]
    public async Task Tickets_bear_labels_that_the_tenant_has_and_lose_those_that_go()
    {
        using var owner = await TenantAsync("labels");
        var label = (await owner.PostAsync("ticket-labels", new { name = "bug", color = "#ff0000" }))
            .Ok(HttpStatusCode.Created);
        (await owner.PostAsync("ticket-labels", new { name = "bug" })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PostAsync("ticket-labels", new { name = "x", color = "red" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("tickets", new { title = "t", labels = new[] { "nope" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var ticket = (await owner.PostAsync(
            "tickets", new { title = "t", labels = new[] { "bug" }, priority = "low" })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("tickets", new { title = "u" })).Ok(HttpStatusCode.Created);

        Assert.Single((await owner.GetAsync("tickets?label=bug&priority=low&status=open")).Ok().Data.EnumerateArray());
        (await owner.GetAsync("tickets?status=lost")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        var changed = (await owner.PatchAsync(
            $"ticket-labels/{label.Id}", label.ETag, new { description = "wrong" })).Ok();
        (await owner.DeleteAsync($"ticket-labels/{label.Id}", changed.ETag)).Ok();
        Assert.Empty((await owner.GetAsync($"tickets/{ticket.Id}")).Ok().Data.GetProperty("labels").EnumerateArray());
        Assert.Empty((await owner.GetAsync("ticket-labels")).Ok().Data.EnumerateArray());
    }

    [Fact]
    public async Task Operators_see_what_is_addressed_to_the_platform_and_no_other_ticket()
    {
        using var owner = await TenantAsync("asking");
        using var boss = await api.Host.OperatorAsync();
        var inside = (await owner.PostAsync("tickets", new { title = "between us" })).Ok(HttpStatusCode.Created);
        var writer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        using var _ = writer;
        var asked = (await writer.PostAsync("tickets", new { title = "help", addressedTo = "platform" }))
            .Ok(HttpStatusCode.Created);
        (await writer.PostAsync($"tickets/{asked.Id}/comment", new { text = "please" })).Ok(HttpStatusCode.Created);

        var tenant = asked.Data.GetProperty("tenantId").GetGuid();
        var listed = (await boss.GetAsync($"platform/tickets?tenant={tenant}&status=open")).Ok().Data;
        Assert.Equal(asked.Id, Assert.Single(listed.EnumerateArray()).GetProperty("id").GetGuid());
        (await boss.GetAsync($"platform/tickets/{inside.Id}")).Fails(HttpStatusCode.NotFound, "TICKET_NOT_FOUND");
        (await boss.GetAsync($"platform/tickets/{inside.Id}/comments"))
            .Fails(HttpStatusCode.NotFound, "TICKET_NOT_FOUND");
        (await boss.PostAsync($"platform/tickets/{inside.Id}/comment", new { text = "x" }))
            .Fails(HttpStatusCode.NotFound, "TICKET_NOT_FOUND");
        Assert.Single((await boss.GetAsync($"platform/tickets/{asked.Id}/comments")).Ok().Data.EnumerateArray());

        (await boss.PostAsync($"platform/tickets/{asked.Id}/comment", new { text = "on it" }))
            .Ok(HttpStatusCode.Created);
        (await boss.PatchAsync($"platform/tickets/{asked.Id}", asked.ETag, new { status = "waiting" })).Ok();

        Assert.Equal(
            "waiting", (await writer.GetAsync($"tickets/{asked.Id}")).Ok().Data.GetProperty("status").GetString());
        var comments = (await writer.GetAsync($"tickets/{asked.Id}/comments")).Ok().Data;
        Assert.True(comments[1].GetProperty("byPlatform").GetBoolean());
        Assert.Single((await writer.GetAsync("notifications")).Ok().Data.EnumerateArray());
        Assert.Contains(
            (await owner.GetAsync("activity?action=ticket.comment")).Ok().Data.EnumerateArray(),
            row => row.GetProperty("actorName").GetString() == api.Host.First.OperatorEmail);
        (await owner.GetAsync("platform/tickets")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    private async Task<ApiClient> TenantAsync(string slug) =>
        api.Host.Client((await api.Host.CreateTenantAsync(slug)).ApiKey);
}
