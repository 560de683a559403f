using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Tenants;

/// <summary>How a tenant takes its data along, is closed, comes back, and is erased without a trace of its
/// data.</summary>
public sealed class TenantEndTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_export_holds_every_row_of_the_tenant_no_other_and_no_secret()
    {
        var (boss, owner, id) = await TenantAsync("leaving");
        using var _ = boss;
        using var __ = owner;
        var etag = (await boss.GetAsync($"tenants/{id}")).Ok().ETag;
        (await boss.PatchAsync($"tenants/{id}", etag, new { metadata = new { note = "pays late" } })).Ok();
        using var first = api.Host.Owner();
        (await first.PostAsync("variables", new { name = "foreign", value = "not yours" })).Ok(HttpStatusCode.Created);
        await owner.CreatePublishedAsync();
        (await owner.PostAsync("secrets", new { name = "S", value = "swordfish" })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("variables", new { name = "own", value = "it is ours" })).Ok(HttpStatusCode.Created);

        var bytes = await owner.DownloadAsync("tenant/export");

        using var reader = new StreamReader(new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress));
        var all = await reader.ReadToEndAsync(Token);
        var rows = all.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement).ToLookup(
                line => line.GetProperty("table").GetString()!, line => line.GetProperty("row"));
        Assert.Contains(rows["variables"], row => row.GetProperty("value").GetString() == "it is ours");
        Assert.Contains(rows["users"], row => row.GetProperty("email").GetString() == "o@leaving.example");
        Assert.Single(rows["workflow_versions"]);
        Assert.Single(rows["secrets"]);
        Assert.All(rows.SelectMany(row => row), row => Assert.Equal(id, row.GetProperty("tenant_id").GetGuid()));
        Assert.DoesNotContain("not yours", all, StringComparison.Ordinal);
        Assert.DoesNotContain("pays late", all, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", all, StringComparison.Ordinal);
        Assert.DoesNotContain("password_hash", all, StringComparison.Ordinal);
        Assert.DoesNotContain("\\\\x", all, StringComparison.Ordinal); // bytes of any kind
        Assert.Contains(
            "tenant.export", (await owner.GetAsync("activity")).Ok().Data.EnumerateArray()
                .Select(row => row.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task A_closed_tenant_can_be_reopened_until_its_time_is_over()
    {
        var (boss, owner, id) = await TenantAsync("regretting");
        using var _ = boss;
        using var __ = owner;

        var closed = (await boss.PostAsync($"tenants/{id}/close", new { reason = "gone", graceDays = 7 })).Ok();

        Assert.Equal(7, (closed.Data.GetProperty("eraseAfter").GetDateTimeOffset()
            - closed.Data.GetProperty("closedAt").GetDateTimeOffset()).TotalDays);
        await Eventually.TrueAsync(
            async () => (await owner.GetAsync("workflows")).Status == HttpStatusCode.Unauthorized,
            cancellationToken: Token);
        (await boss.PostAsync($"tenants/{id}/resume")).Fails(HttpStatusCode.Conflict, "TENANT_STATE");
        (await boss.DeleteAsync($"tenants/{id}")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await boss.PostAsync($"tenants/{id}/reopen")).Ok();
        await Eventually.TrueAsync(
            async () => (await owner.GetAsync("workflows")).Status == HttpStatusCode.OK, cancellationToken: Token);
        (await boss.DeleteAsync($"tenants/{id}?confirm=regretting")).Fails(HttpStatusCode.Conflict, "TENANT_STATE");
    }

    [Fact]
    public async Task An_erased_tenant_is_gone_from_every_table_and_nobody_else_is_touched()
    {
        var (boss, owner, id) = await TenantAsync("doomed");
        using var _ = boss;
        using var __ = owner;
        using var first = api.Host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        (await owner.PostAsync($"workflows/{workflow}/execute")).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync("secrets", new { name = "S", value = "swordfish" })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync(
            "schedules", new { name = "s", workflowId = workflow, timing = new { cron = "0 0 1 1 *" } }))
            .Ok(HttpStatusCode.Created);
        var others = await RowsAsync("<>", id);

        (await boss.PostAsync($"tenants/{id}/close", new { reason = "gone" })).Ok();
        (await boss.DeleteAsync($"tenants/{id}?confirm=doomed")).Ok();

        await Eventually.TrueAsync(
            async () => (await boss.GetAsync($"tenants/{id}")).Status == HttpStatusCode.NotFound,
            TimeSpan.FromSeconds(40), Token);
        Assert.Equal(0, await RowsAsync("=", id));
        Assert.True(await RowsAsync("<>", id) >= others);
        (await first.GetAsync("workflows")).Ok();
        var erased = (await boss.GetAsync("activity?action=tenant.erase")).Ok().Data.EnumerateArray().ToList();
        Assert.Contains(erased, row => row.GetProperty("objectId").GetGuid() == id
            && row.GetProperty("after").GetProperty("slug").GetString() == "doomed");
        (await boss.PostAsync("tenants", new { slug = "doomed", name = "Anew", ownerEmail = "n@doomed.example" }))
            .Ok(HttpStatusCode.Created);
    }

    private async Task<(ApiClient Boss, ApiClient Owner, Guid Id)> TenantAsync(string slug)
    {
        var boss = await api.Host.OperatorAsync();
        var made = (await boss.PostAsync("tenants", new { slug, name = slug, ownerEmail = $"o@{slug}.example" }))
            .Ok(HttpStatusCode.Created).Data;
        return (boss, api.Host.Client(made.GetProperty("apiKey").GetString()),
            made.GetProperty("tenant").GetProperty("id").GetGuid());
    }

    // Of all tables together that have a tenant, whatever they are.
    private Task<long> RowsAsync(string comparison, Guid tenant) => api.Host.ScalarAsync<long>(
        $"""
        select coalesce(sum((xpath('/row/n/text()', query_to_xml(format(
          'select count(*) as n from %s where tenant_id {comparison} %L', c.oid::regclass, $1::uuid),
          false, true, '')))[1]::text::bigint), 0)::bigint
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relnamespace::regnamespace::text in ('public', 'search', 'workflows') and c.relkind in ('r', 'p')
          and not c.relispartition
        """, tenant);
}
