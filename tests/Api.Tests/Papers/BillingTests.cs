using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Papers;

/// <summary>Billing addresses that tenants write, and invoices that operators write to them.</summary>
public sealed class BillingTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly object Profile = new
    {
        company = "Acme", address = new[] { "1 Road" }, postalCode = "10115", city = "Berlin", country = "DE",
        contactEmail = "bills@acme.example", vatNumber = "DE123",
    };

    [Fact]
    public async Task A_tenant_says_to_whom_invoices_go_and_two_who_write_at_once_do_not_overwrite_each_other()
    {
        using var owner = await TenantAsync("payer");
        var empty = (await owner.Client.GetAsync("billing")).Ok();
        Assert.Equal(("\"0\"", 0), (empty.ETag, empty.Data.GetProperty("version").GetInt32()));

        var written = await PutAsync(owner.Client, Profile, "\"0\"");

        Assert.Equal("Berlin", written.Ok().Data.GetProperty("city").GetString());
        (await PutAsync(owner.Client, Profile, "\"0\"")).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await PutAsync(owner.Client, Profile, written.ETag)).Ok();
        (await PutAsync(
            owner.Client, new { company = "", address = Array.Empty<string>(), country = "de", contactEmail = "x" },
            "*")).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var activity = (await owner.Client.GetAsync("activity?action=billing.update")).Ok().Data;
        Assert.Equal(2, activity.GetArrayLength());
        using var admin = api.Host.Client((await owner.Client.CreateKeyAsync("billing.read")).Key);
        (await admin.GetAsync("billing")).Ok();
        (await PutAsync(admin, Profile, "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task An_invoice_goes_from_draft_to_paid_adds_up_and_is_not_changed_once_issued()
    {
        using var tenant = await TenantAsync("billed");
        using var boss = await api.Host.OperatorAsync();
        var body = Draft(tenant.Id, "2026-1");

        var made = (await boss.PostAsync("platform/invoices", body, ("Idempotency-Key", "i1")))
            .Ok(HttpStatusCode.Created);

        Assert.Equal(made.Id, (await boss.PostAsync("platform/invoices", body, ("Idempotency-Key", "i1"))).Id);
        Assert.Equal(
            (30.01m, 5.70m, 35.71m),
            (Money(made, "net"), Money(made, "tax"), Money(made, "total")));
        Assert.Empty((await tenant.Client.GetAsync("billing/invoices")).Ok().Data.EnumerateArray());
        (await tenant.Client.GetAsync($"billing/invoices/{made.Id}"))
            .Fails(HttpStatusCode.NotFound, "INVOICE_NOT_FOUND");
        (await SetAsync(boss, made.Id, "issued", made.ETag)).Fails(HttpStatusCode.Conflict, "INVOICE_STATE");
        (await PutAsync(tenant.Client, Profile, "*")).Ok();
        (await SetAsync(boss, made.Id, "paid", made.ETag)).Fails(HttpStatusCode.Conflict, "INVOICE_STATE");
        var changed = (await boss.PatchAsync($"platform/invoices/{made.Id}", made.ETag, new { note = "thanks" })).Ok();
        var issued = (await SetAsync(boss, made.Id, "issued", changed.ETag)).Ok();
        (await boss.PatchAsync($"platform/invoices/{made.Id}", issued.ETag, new { note = "no" }))
            .Fails(HttpStatusCode.Conflict, "INVOICE_STATE");
        (await boss.DeleteAsync($"platform/invoices/{made.Id}", issued.ETag))
            .Fails(HttpStatusCode.Conflict, "INVOICE_STATE");
        (await SetAsync(boss, made.Id, "paid", made.ETag))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await SetAsync(boss, made.Id, "paid", issued.ETag)).Ok();

        var seen = (await tenant.Client.GetAsync($"billing/invoices/{made.Id}")).Ok().Data;
        Assert.Equal("paid", seen.GetProperty("status").GetString());
        Assert.Equal("Acme", seen.GetProperty("billedTo").GetProperty("company").GetString());
        Assert.Equal(20.01m, seen.GetProperty("lines")[0].GetProperty("amount").GetDecimal());
        Assert.Single((await tenant.Client.GetAsync("billing/invoices?status=paid")).Ok().Data.EnumerateArray());
        var told = (await tenant.Client.GetAsync("activity")).Ok().Data.EnumerateArray()
            .Select(row => row.GetProperty("action").GetString()).ToList();
        Assert.Contains("invoice.issued", told);
        Assert.DoesNotContain("invoice.update", told);
    }

    [Fact]
    public async Task A_number_is_taken_once_a_draft_is_deleted_and_lines_are_checked()
    {
        using var tenant = await TenantAsync("numbers");
        using var boss = await api.Host.OperatorAsync();
        var made = (await boss.PostAsync("platform/invoices", Draft(tenant.Id, "7"))).Ok(HttpStatusCode.Created);

        (await boss.PostAsync("platform/invoices", Draft(tenant.Id, "7"))).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await boss.PostAsync("platform/invoices", Draft(Guid.CreateVersion7(), "7")))
            .Fails(HttpStatusCode.NotFound, "TENANT_NOT_FOUND");
        (await boss.DeleteAsync($"platform/invoices/{made.Id}", made.ETag)).Ok();
        (await boss.GetAsync($"platform/invoices/{made.Id}")).Fails(HttpStatusCode.NotFound, "INVOICE_NOT_FOUND");
        var bad = await boss.PostAsync("platform/invoices", new
        {
            tenantId = tenant.Id, number = "8", currency = "eur", periodStart = "2026-11-30",
            periodEnd = "2026-11-01",
            lines = new object?[]
            {
                null, new { description = "", quantity = 0.00001, unitPrice = 1, taxPercent = 101 },
            },
        });
        Assert.Equal(
            ["/lines/0", "/lines/1/description", "/lines/1/quantity", "/lines/1/taxPercent", "/currency", "/periodEnd"],
            bad.Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED").Json.GetProperty("error").GetProperty("details")
                .EnumerateArray().Select(detail => detail.GetProperty("pointer").GetString()!));
    }

    [Fact]
    public async Task Amounts_have_the_digits_of_their_currency()
    {
        using var tenant = await TenantAsync("yen");
        using var boss = await api.Host.OperatorAsync();

        var made = (await boss.PostAsync("platform/invoices", new
        {
            tenantId = tenant.Id, number = "1", currency = "JPY", periodStart = "2026-11-01", periodEnd = "2026-11-30",
            lines = new[] { new { description = "a", quantity = 3, unitPrice = 33.5, taxPercent = 10 } },
        })).Ok(HttpStatusCode.Created);

        Assert.Equal((101m, 10m), (Money(made, "net"), Money(made, "tax")));
    }

    [Fact]
    public async Task A_tenant_sees_no_invoice_of_another_and_writes_none()
    {
        using var tenant = await TenantAsync("mine");
        using var other = await TenantAsync("theirs");
        using var boss = await api.Host.OperatorAsync();
        (await PutAsync(tenant.Client, Profile, "*")).Ok();
        var made = (await boss.PostAsync("platform/invoices", Draft(tenant.Id, "1"))).Ok(HttpStatusCode.Created);
        (await SetAsync(boss, made.Id, "issued", "*")).Ok();

        (await other.Client.GetAsync($"billing/invoices/{made.Id}"))
            .Fails(HttpStatusCode.NotFound, "INVOICE_NOT_FOUND");
        Assert.Empty((await other.Client.GetAsync("billing/invoices")).Ok().Data.EnumerateArray());
        (await tenant.Client.PostAsync("platform/invoices", Draft(tenant.Id, "2")))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.Single((await boss.GetAsync($"platform/invoices?tenant={tenant.Id}")).Ok().Data.EnumerateArray());
        Assert.Empty((await boss.GetAsync($"platform/invoices?tenant={other.Id}")).Ok().Data.EnumerateArray());
    }

    private static object Draft(Guid tenant, string number) => new
    {
        tenantId = tenant,
        number,
        currency = "EUR",
        periodStart = "2026-11-01",
        periodEnd = "2026-11-30",
        lines = new[]
        {
            new { description = "plan", quantity = 1.5, unitPrice = 13.34, taxPercent = 19 },
            new { description = "more", quantity = 1.0, unitPrice = 10.00, taxPercent = 19 },
        },
    };

    private static decimal Money(Answer answer, string name) => answer.Data.GetProperty(name).GetDecimal();

    private static Task<Answer> PutAsync(ApiClient client, object body, string etag) =>
        client.SendAsync(HttpMethod.Put, "billing", ApiClient.Json(body), ("If-Match", etag));

    private static Task<Answer> SetAsync(ApiClient boss, Guid invoice, string status, string etag) =>
        boss.PostAsync($"platform/invoices/{invoice}/status", new { status }, ("If-Match", etag));

    private async Task<OwnTenant> TenantAsync(string slug)
    {
        var made = await api.Host.CreateTenantAsync(slug);
        return new OwnTenant(made.TenantId, api.Host.Client(made.ApiKey));
    }

    private sealed record OwnTenant(Guid Id, ApiClient Client) : IDisposable
    {
        public void Dispose() => Client.Dispose();
    }
}
