using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Billing;

/// <summary>A tenant's own side of billing: its people write to whom invoices go, and read those that were
/// issued.</summary>
internal static class BillingEndpoints
{
    public static void MapBilling(this IEndpointRouteBuilder routes)
    {
        var billing = routes.MapGroup("/billing").WithTags("Billing");
        billing.MapGet("", GetAsync).Requires(Permission.BillingRead).WithSummary("Get to whom invoices go");
        billing.MapPut("", PutAsync).Requires(Permission.BillingManage).WithSummary("Set to whom invoices go");
        billing.MapGet("/invoices", ListAsync).Requires(Permission.BillingRead)
            .WithSummary("List one's own invoices that were issued, newest first");
        billing.MapGet("/invoices/{invoiceId:guid}", GetInvoiceAsync).Requires(Permission.BillingRead)
            .WithSummary("Get an invoice of one's own");
    }

    private static async Task<ApiResponse<BillingView>> GetAsync(ApiRequest request, CancellationToken token)
    {
        var profile = await request.Db.BillingProfiles.AsNoTracking().SingleOrDefaultAsync(token);
        return profile is null
            ? ApiResponse<BillingView>.Ok(new BillingView("", [], "", "", "", null, "", "", 0, null), 0)
            : ApiResponse<BillingView>.Ok(View(profile), profile.Version);
    }

    private static Task<ApiResponse<BillingView>> PutAsync(Body<BillingRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        return Check(wanted) is { } problem
            ? Task.FromResult<ApiResponse<BillingView>>(problem)
            : request.ChangeAsync<BillingView>(async token =>
            {
                var present = await request.Db.BillingProfiles.SingleOrDefaultAsync(token);
                var profile = present ?? new BillingProfile
                {
                    TenantId = request.Caller.TenantId,
                    Company = "",
                    Address = [],
                    Country = "",
                    ContactEmail = "",
                    Version = 0,
                    CreatedAt = request.Now,
                };
                if (request.CheckMatch(profile) is { } conflict)
                {
                    return conflict;
                }

                var before = present is null ? null : View(present);
                Apply(profile, wanted);
                profile.Touch(request.Now);
                if (present is null)
                {
                    request.Db.BillingProfiles.Add(profile);
                }

                var view = View(profile);
                request.Record("billing.update", "billing_profile", null, profile.Company, before, view);
                return ApiResponse<BillingView>.Ok(view, profile.Version);
            });
    }

    private static async Task<ApiResponse<List<InvoiceView>>> ListAsync(
        [AsParameters] OwnInvoiceQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var invoices = request.Db.Invoices.Where(row => row.Status != Invoice.Draft);
        return await InvoiceViews.PageAsync(
            invoices, filter.Status, InvoiceViews.IssuedStatuses, query,
            pager.Read<IdKey>(query, request.Caller.TenantId, $"invoices?{filter}"), cancellationToken);
    }

    private static async Task<ApiResponse<InvoiceView>> GetInvoiceAsync(
        Guid invoiceId, ApiRequest request, CancellationToken token) =>
        await request.Db.Invoices.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == invoiceId && row.Status != Invoice.Draft, token) is { } invoice
            ? ApiResponse<InvoiceView>.Ok(InvoiceViews.View(invoice), invoice.Version)
            : new Problem(Errors.InvoiceNotFound);

    private static Problem? Check(BillingRequest wanted)
    {
        var checks = new Checks().Name("company", wanted.Company).Email("contactEmail", wanted.ContactEmail)
            .Text("postalCode", wanted.PostalCode, Limits.TagLength).Text("city", wanted.City, Limits.NameLength)
            .Text("contactName", wanted.ContactName, Limits.NameLength)
            .Name("vatNumber", wanted.VatNumber, Limits.TagLength);
        if (wanted.Address.Length is 0 or > Limits.AddressLines)
        {
            checks.Add("address", "COUNT", $"An address has 1 to {Limits.AddressLines} lines.");
        }

        for (var index = 0; index < wanted.Address.Length; index++)
        {
            checks.Name($"address/{index}", wanted.Address[index] ?? "");
        }

        return (wanted.Country.Length == 2 && wanted.Country.All(char.IsAsciiLetterUpper)
            ? checks
            : checks.Add("country", "COUNTRY", "A country is two upper-case letters, as of ISO 3166.")).Problem;
    }

    private static void Apply(BillingProfile profile, BillingRequest wanted)
    {
        profile.Company = wanted.Company;
        profile.Address = wanted.Address;
        profile.PostalCode = wanted.PostalCode;
        profile.City = wanted.City;
        profile.Country = wanted.Country;
        profile.VatNumber = wanted.VatNumber;
        profile.ContactName = wanted.ContactName;
        profile.ContactEmail = wanted.ContactEmail;
    }

    private static BillingView View(BillingProfile row) => new(
        row.Company, row.Address, row.PostalCode, row.City, row.Country, row.VatNumber, row.ContactName,
        row.ContactEmail, row.Version, row.UpdatedAt);
}
