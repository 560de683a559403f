using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Users;

/// <summary>Sessions of others, the end of an account, and the end of what is known of a person.</summary>
public sealed class RemovalTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_manages_users_sees_and_ends_sessions_of_who_may_no_more()
    {
        using var owner = api.Host.Owner();
        var person = await api.Host.AddPersonAsync("viewer");
        var second = (await owner.PostAsync(
            "auth/login", new { email = person.Email, password = "correct horse battery" })).Ok().Data;
        using var other = api.Host.Client(second.GetProperty("accessToken").GetString());
        var admin = await api.Host.AddPersonAsync("admin");

        var seen = (await admin.Client.GetAsync($"users/{person.Id}/sessions")).Ok().Data;
        Assert.Equal(2, seen.GetArrayLength());
        Assert.Equal(second.GetProperty("sessionId").GetGuid(), seen[0].GetProperty("id").GetGuid());
        Assert.Equal("127.0.0.1", seen[0].GetProperty("ip").GetString());
        Assert.False(seen[0].GetProperty("current").GetBoolean());
        Assert.NotEqual(default, seen[0].GetProperty("lastUsedAt").GetDateTimeOffset());
        (await admin.Client.DeleteAsync($"users/{person.Id}/sessions/{second.GetProperty("sessionId").GetGuid()}"))
            .Ok();
        (await other.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await person.Client.GetAsync("auth/me")).Ok();
        (await admin.Client.DeleteAsync($"users/{person.Id}/sessions/{second.GetProperty("sessionId").GetGuid()}"))
            .Fails(HttpStatusCode.NotFound, "SESSION_NOT_FOUND");

        Assert.Equal(1, (await admin.Client.DeleteAsync($"users/{person.Id}/sessions"))
            .Ok().Data.GetProperty("ended").GetInt32());
        (await person.Client.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");

        // One's own present session stays.
        Assert.True((await admin.Client.GetAsync($"users/{admin.Id}/sessions"))
            .Ok().Data[0].GetProperty("current").GetBoolean());
        Assert.Equal(0, (await admin.Client.DeleteAsync($"users/{admin.Id}/sessions"))
            .Ok().Data.GetProperty("ended").GetInt32());
        (await admin.Client.GetAsync("auth/me")).Ok();
        var ownerId = await OwnerIdAsync();
        (await admin.Client.GetAsync($"users/{ownerId}/sessions")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.Client.DeleteAsync($"users/{ownerId}/sessions")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Who_is_deleted_is_out_and_what_was_asked_of_them_is_asked_of_another()
    {
        using var owner = api.Host.Owner();
        var leaver = await api.Host.AddPersonAsync("admin");
        var heir = await api.Host.AddPersonAsync("editor");
        var key = await leaver.Client.CreateKeyAsync("workflows.read");
        var (request, _) = await api.Host.OpenApprovalAsync([leaver.Id], "Pay?");
        var group = (await owner.PostAsync("groups", new { name = Samples.Name("group") }))
            .Ok(HttpStatusCode.Created).Id;
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group}/members/{leaver.Id}", null)).Ok();
        (await owner.PostAsync($"users/{leaver.Id}/substitutions",
            new { substituteId = heir.Id, endsAt = TimeProvider.System.GetUtcNow().AddDays(1) }))
                .Ok(HttpStatusCode.Created);

        (await owner.DeleteAsync($"users/{leaver.Id}")).Fails((HttpStatusCode)428, "PRECONDITION_REQUIRED");
        (await owner.DeleteAsync($"users/{leaver.Id}", "\"77\""))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await owner.DeleteAsync($"users/{leaver.Id}", "*")).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        (await owner.DeleteAsync($"users/{leaver.Id}?reassignTo={leaver.Id}", "*"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.DeleteAsync($"users/{leaver.Id}?reassignTo={Guid.CreateVersion7()}", "*"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        var done = (await owner.DeleteAsync($"users/{leaver.Id}?reassignTo={heir.Id}", "*")).Ok().Data;

        Assert.Equal(1, done.GetProperty("approvals").GetInt32());
        Assert.Equal(1, done.GetProperty("apiKeys").GetInt32());
        (await leaver.Client.GetAsync("auth/me")).Fails(HttpStatusCode.Unauthorized, "SESSION_REVOKED");
        (await owner.PostAsync("auth/login", new { email = leaver.Email, password = "correct horse battery" }))
            .Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        using var machine = api.Host.Client(key.Key);
        (await machine.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await owner.GetAsync($"users/{leaver.Id}")).Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
        Assert.Equal(0, (await owner.GetAsync($"groups/{group}/members")).Ok().Data.GetArrayLength());
        (await heir.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Ok();
        Assert.Contains(
            (await heir.Client.GetAsync("notifications")).Ok().Data.EnumerateArray(),
            told => told.GetProperty("link").GetString() == $"/approvals/{request}");
        // The history keeps the name; the address is free for somebody else.
        Assert.Contains(
            (await owner.GetAsync($"activity?actor={leaver.Id}")).Ok().Data.EnumerateArray(),
            row => row.GetProperty("actorName").GetString() == leaver.Email);
        (await owner.PostAsync("users", new
        {
            email = leaver.Email,
            name = "another",
            password = "correct horse battery",
            roles = new[] { "viewer" },
        })).Ok(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_request_that_the_other_cannot_take_keeps_the_user()
    {
        using var owner = api.Host.Owner();
        var leaver = await api.Host.AddPersonAsync("viewer");
        var heir = await api.Host.AddPersonAsync("viewer");
        await api.Host.OpenApprovalAsync([leaver.Id, heir.Id], "Both", mode: "count");
        var answer = (await owner.DeleteAsync($"users/{leaver.Id}?reassignTo={heir.Id}", "*"))
            .Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        Assert.Equal(
            "Both", answer.Json.GetProperty("error").GetProperty("details")[0].GetProperty("message").GetString());
        (await leaver.Client.GetAsync("auth/me")).Ok();

        var third = await api.Host.AddPersonAsync("viewer");
        await api.Host.OpenApprovalAsync([leaver.Id, third.Id], "Either");
        (await owner.DeleteAsync($"users/{leaver.Id}?reassignTo={third.Id}", "*")).Ok();
        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from approval_assignees where principal_id = $1 and open", leaver.Id));
    }

    [Fact]
    public async Task Keys_go_on_as_the_others_when_asked_to()
    {
        using var owner = api.Host.Owner();
        var leaver = await api.Host.AddPersonAsync("admin");
        var heir = await api.Host.AddPersonAsync("admin");
        var key = await leaver.Client.CreateKeyAsync("workflows.read");
        (await owner.DeleteAsync($"users/{leaver.Id}?keepApiKeys=true", "*"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");

        (await owner.DeleteAsync($"users/{leaver.Id}?keepApiKeys=true&reassignTo={heir.Id}", "*")).Ok();

        using var machine = api.Host.Client(key.Key);
        (await machine.GetAsync("workflows")).Ok();
        Assert.Equal(
            key.Id, (await owner.GetAsync($"api-keys?createdBy={heir.Id}")).Ok().Data[0].GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task Nobody_deletes_themselves_who_may_more_the_last_owner_or_strangers()
    {
        using var owner = api.Host.Owner();
        var ownerId = await OwnerIdAsync();
        var admin = await api.Host.AddPersonAsync("admin");
        (await admin.Client.DeleteAsync($"users/{admin.Id}", "*")).Fails(HttpStatusCode.Conflict, "CONFLICT");
        (await admin.Client.DeleteAsync($"users/{ownerId}", "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.DeleteAsync($"users/{ownerId}", "*")).Fails(HttpStatusCode.Conflict, "LAST_OWNER");
        var foreign = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        var foreignId = await api.Host.ScalarAsync<Guid>("select id from users where tenant_id = $1", foreign.TenantId);
        (await owner.DeleteAsync($"users/{foreignId}", "*")).Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
        (await owner.DeleteAsync($"users/{admin.Id}?reassignTo={foreignId}", "*"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.GetAsync($"users/{foreignId}/export")).Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
        (await owner.PostAsync($"users/{foreignId}/erasure")).Fails(HttpStatusCode.NotFound, "USER_NOT_FOUND");
    }

    [Fact]
    public async Task Things_with_an_owner_go_to_another_in_tables_that_come_later_too()
    {
        await using var host = await ApiHost.StartAsync(api.Postgres, api.Redis);
        using var owner = host.Owner();
        var leaver = await host.AddPersonAsync("editor");
        var heir = await host.AddPersonAsync("viewer");
        var workflow = (await leaver.Client.CreateWorkflowAsync()).Id;
        (await leaver.Client.PostAsync($"workflows/{workflow}/check-out")).Ok();
        await using (var connection = new Npgsql.NpgsqlConnection(host.ConnectionString))
        {
            await connection.OpenAsync(Token);
            await using var command = new Npgsql.NpgsqlCommand(
                """
                create table things (
                  tenant_id uuid not null, id uuid not null, owner_id uuid, primary key (tenant_id, id));
                call protect_tenant_table('things');
                grant select, update on things to workflows_api;
                """, connection);
            await command.ExecuteNonQueryAsync(Token);
        }

        await host.ExecuteAsync(
            "insert into things values ($1, gen_random_uuid(), $2)", host.First.TenantId, leaver.Id);
        (await owner.DeleteAsync($"users/{leaver.Id}", "*")).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        var done = (await owner.DeleteAsync($"users/{leaver.Id}?reassignTo={heir.Id}", "*")).Ok().Data;

        Assert.Equal(2, done.GetProperty("reassigned").GetInt64());
        Assert.Equal(
            heir.Id, await host.ScalarAsync<Guid>("select owner_id from workflows where id = $1", workflow));
        Assert.Equal(heir.Id, await host.ScalarAsync<Guid>("select owner_id from things"));
        Assert.False(await host.ScalarAsync<bool>(
            "select checked_out_by is not null from workflows where id = $1", workflow));
    }

    [Fact]
    public async Task An_export_holds_what_is_kept_about_a_person_and_nothing_secret()
    {
        using var owner = api.Host.Owner();
        var person = await api.Host.AddPersonAsync("editor");
        (await person.Client.PatchAsync("users/me", "*", new { settings = new { theme = "dark" } })).Ok();
        await person.Client.CreateWorkflowAsync();
        var (request, _) = await api.Host.OpenApprovalAsync([person.Id]);
        (await person.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve", comment = "fine" }))
            .Ok();

        var export = await owner.GetAsync($"users/{person.Id}/export");

        Assert.Equal(HttpStatusCode.OK, export.Status);
        Assert.Contains("attachment", export.ContentHeaders.ContentDisposition!.ToString(), StringComparison.Ordinal);
        var json = export.Json;
        Assert.Equal(person.Email, json.GetProperty("user").GetProperty("email").GetString());
        Assert.Equal("dark", json.GetProperty("user").GetProperty("settings").GetProperty("theme").GetString());
        Assert.Equal("editor", json.GetProperty("roles")[0].GetString());
        Assert.Equal(0, json.GetProperty("permissions").GetArrayLength());
        Assert.Equal("127.0.0.1", json.GetProperty("sessions")[0].GetProperty("ip").GetString());
        Assert.Equal("fine", json.GetProperty("decisions")[0].GetProperty("comment").GetString());
        var actions = json.GetProperty("activity").EnumerateArray()
            .Select(row => row.GetProperty("action").GetString()).ToList();
        Assert.Empty(new[] { "user.create", "auth.login", "workflow.create", "user.export" }.Except(actions));
        Assert.DoesNotContain("hash", export.Text, StringComparison.OrdinalIgnoreCase);
        var admin = await api.Host.AddPersonAsync("admin");
        (await admin.Client.GetAsync($"users/{await OwnerIdAsync()}/export"))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Erasure_leaves_a_pseudonym_in_the_place_of_a_deleted_person_and_of_nobody_else()
    {
        using var owner = api.Host.Owner();
        var person = await api.Host.AddPersonAsync("editor");
        var other = await api.Host.AddPersonAsync("editor");
        (await person.Client.PatchAsync("users/me", "*", new { name = "Ada Lovelace", username = "ada.lovelace" }))
            .Ok();
        var (request, _) = await api.Host.OpenApprovalAsync([person.Id]);
        (await person.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Ok();
        var group = (await owner.PostAsync("groups", new { name = Samples.Name("group") }))
            .Ok(HttpStatusCode.Created).Id;
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group}/members/{person.Id}", null)).Ok();
        (await owner.PostAsync($"users/{person.Id}/erasure")).Fails(HttpStatusCode.Conflict, "CONFLICT");
        var others = await TraceAsync(other.Id);
        (await owner.DeleteAsync($"users/{person.Id}", "*")).Ok();

        var done = (await owner.PostAsync($"users/{person.Id}/erasure")).Ok().Data;

        var pseudonym = done.GetProperty("pseudonym").GetString();
        Assert.True(done.GetProperty("rows").GetInt64() >= 4);
        foreach (var text in new[] { person.Email, "Ada Lovelace", "ada.lovelace" })
        {
            Assert.Equal(0, await api.Host.ScalarAsync<long>(
                """
                select count(*) from (
                  select a::text from user_activity a union all select u::text from users u
                  union all select s::text from user_sessions s union all select d::text from approval_decisions d
                  union all select m::text from mails m union all select n::text from notifications n
                ) as rows (text) where strpos(lower(text), lower($1)) > 0
                """, text));
        }

        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            "select count(*) from user_activity where actor_id = $1 and (ip is not null or user_agent is not null)",
                person.Id));
        var rows = (await owner.GetAsync($"activity?actor={person.Id}")).Ok().Data;
        Assert.All(rows.EnumerateArray(), row => Assert.Equal(pseudonym, row.GetProperty("actorName").GetString()));
        Assert.Equal(others, await TraceAsync(other.Id));
        Assert.Equal("user.erase", (await owner.GetAsync($"activity?object={person.Id}"))
            .Ok().Data[0].GetProperty("action").GetString());
        Assert.Equal(pseudonym, (await owner.PostAsync($"users/{person.Id}/erasure"))
            .Ok().Data.GetProperty("pseudonym").GetString());
    }

    private Task<string> TraceAsync(Guid person) => api.Host.ScalarAsync<string>(
        "select string_agg(a::text, '' order by id) from user_activity a where actor_id = $1 or object_id = $1",
        person);

    private Task<Guid> OwnerIdAsync() => api.Host.ScalarAsync<Guid>(
        "select id from users where tenant_id = $1 and email = $2", api.Host.First.TenantId, api.Host.First.OwnerEmail);
}
