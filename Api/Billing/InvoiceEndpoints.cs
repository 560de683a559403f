using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Billing;

/// <summary>
/// Invoices as the operators of the platform write them: records, nothing is paid here. A draft is theirs alone; from
/// its issue on the tenant sees it and only its status changes.
/// </summary>
internal static class InvoiceEndpoints
{
    private static readonly string[] Statuses = [Invoice.Draft, .. InvoiceViews.IssuedStatuses];

    public static void MapInvoices(this IEndpointRouteBuilder routes)
    {
        var invoices = routes.MapGroup("/platform/invoices").WithTags("Billing");
        invoices.MapGet("", ListAsync).Requires(Permission.PlatformRead)
            .WithSummary("List invoices to all tenants, newest first");
        invoices.MapGet("/{invoiceId:guid}", GetAsync).Requires(Permission.PlatformRead)
            .WithSummary("Get an invoice to a tenant");
        invoices.MapPost("", CreateAsync).Requires(Permission.PlatformManage).WithMetadata(new SuccessStatus(201))
            .WithSummary("Draft an invoice to a tenant");
        invoices.MapPatch("/{invoiceId:guid}", UpdateAsync).Requires(Permission.PlatformManage)
            .WithSummary("Change a draft");
        invoices.MapDelete("/{invoiceId:guid}", DeleteAsync).Requires(Permission.PlatformManage)
            .WithSummary("Delete a draft");
        invoices.MapPost("/{invoiceId:guid}/status", SetStatusAsync).Requires(Permission.PlatformManage)
            .WithMetadata(new NotRepeatable()).WithSummary("Issue an invoice, or say that it is paid or void");
    }

    private static Task<ApiResponse<List<InvoiceView>>> ListAsync(
        [AsParameters] InvoiceQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var invoices = request.Db.Invoices.IgnoreQueryFilters();
        invoices = filter.Tenant is { } tenant ? invoices.Where(row => row.TenantId == tenant) : invoices;
        return InvoiceViews.PageAsync(
            invoices, filter.Status, Statuses, query,
            pager.Read<IdKey>(query, request.Caller.TenantId, $"platform/invoices?{filter}"), cancellationToken);
    }

    private static async Task<ApiResponse<InvoiceView>> GetAsync(
        Guid invoiceId, ApiRequest request, CancellationToken token) =>
        await FindAsync(request, invoiceId, token) is { } invoice
            ? ApiResponse<InvoiceView>.Ok(InvoiceViews.View(invoice), invoice.Version)
            : new Problem(Errors.InvoiceNotFound);

    private static Task<ApiResponse<InvoiceView>> CreateAsync(Body<CreateInvoiceRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(
                wanted.Number, wanted.Currency, wanted.PeriodStart, wanted.PeriodEnd, wanted.Lines, wanted.Note)
            is { } problem)
        {
            return Task.FromResult<ApiResponse<InvoiceView>>(problem);
        }

        var invoice = new Invoice
        {
            TenantId = wanted.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            Number = wanted.Number,
            Currency = wanted.Currency,
            PeriodStart = wanted.PeriodStart,
            PeriodEnd = wanted.PeriodEnd,
            DueOn = wanted.DueOn,
            Lines = "[]",
            Note = wanted.Note,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        invoice.SetLines(wanted.Lines);
        return request.ChangeAsync<InvoiceView>(async token =>
        {
            if (wanted.TenantId == PlatformTenant.Id || await request.Db.UnderTenantAsync(
                    wanted.TenantId, inside => AddAsync(request.Db, invoice, inside), token) is not { } taken)
            {
                return new Problem(Errors.TenantNotFound);
            }

            if (taken)
            {
                return new Problem(Errors.NameTaken, $"The tenant has an invoice '{invoice.Number}' already.");
            }

            request.Record("invoice.create", "invoice", invoice.Id, invoice.Number, after: Told(invoice));
            return ApiResponse<InvoiceView>.Created(
                InvoiceViews.View(invoice), $"/api/v1/platform/invoices/{invoice.Id}", invoice.Version);
        });
    }

    /// <returns>Whether the number is taken; null when there is no such tenant.</returns>
    private static async Task<bool?> AddAsync(WorkflowsDbContext db, Invoice invoice, CancellationToken token)
    {
        if (!await db.Tenants.AnyAsync(token))
        {
            return null;
        }

        if (await db.Invoices.AnyAsync(row => row.Number == invoice.Number, token))
        {
            return true;
        }

        db.Invoices.Add(invoice);
        return false;
    }

    private static Task<ApiResponse<InvoiceView>> UpdateAsync(
        Guid invoiceId, Body<UpdateInvoiceRequest> body, ApiRequest request) =>
        ChangeAsync(request, invoiceId, "invoice.update", (invoice, _) =>
        {
            if (invoice.Status != Invoice.Draft)
            {
                return Task.FromResult<Problem?>(new Problem(Errors.InvoiceState));
            }

            var wanted = body.Value;
            invoice.Number = wanted.Number ?? invoice.Number;
            invoice.Currency = wanted.Currency ?? invoice.Currency;
            invoice.PeriodStart = wanted.PeriodStart ?? invoice.PeriodStart;
            invoice.PeriodEnd = wanted.PeriodEnd ?? invoice.PeriodEnd;
            invoice.DueOn = wanted.DueOn ?? invoice.DueOn;
            invoice.Note = wanted.Note ?? invoice.Note;
            var lines = wanted.Lines ?? InvoiceMath.LinesOf(invoice);
            if (Check(
                    invoice.Number, invoice.Currency, invoice.PeriodStart, invoice.PeriodEnd, lines, invoice.Note)
                is { } problem)
            {
                return Task.FromResult<Problem?>(problem);
            }

            invoice.SetLines(lines);
            return Task.FromResult<Problem?>(null);
        });

    private static async Task<ApiResponse<Done>> DeleteAsync(Guid invoiceId, ApiRequest request)
    {
        var deleted = await ChangeAsync(request, invoiceId, "invoice.delete", (invoice, _) =>
        {
            if (invoice.Status != Invoice.Draft)
            {
                return Task.FromResult<Problem?>(new Problem(Errors.InvoiceState));
            }

            request.Db.Invoices.Remove(invoice);
            return Task.FromResult<Problem?>(null);
        });
        return deleted.Problem is { } problem ? problem : new Done(invoiceId, "deleted");
    }

    private static Task<ApiResponse<InvoiceView>> SetStatusAsync(
        Guid invoiceId, Body<InvoiceStatusRequest> body, ApiRequest request)
    {
        var wanted = body.Value.Status;
        return InvoiceViews.IssuedStatuses.Contains(wanted)
            ? ChangeAsync(
                request, invoiceId, $"invoice.{wanted}",
                (invoice, token) => GoOnAsync(request, invoice, wanted, token))
            : Task.FromResult<ApiResponse<InvoiceView>>(Problem.Invalid(
                "/status", $"'status' is one of {string.Join(", ", InvoiceViews.IssuedStatuses)}.", "UNKNOWN"));
    }

    private static async Task<Problem?> GoOnAsync(
        ApiRequest request, Invoice invoice, string wanted, CancellationToken token)
    {
        if ((invoice.Status, wanted) is not ((Invoice.Draft, Invoice.Issued) or (Invoice.Issued, Invoice.Paid)
            or (Invoice.Issued or Invoice.Paid, Invoice.Void)))
        {
            return new Problem(Errors.InvoiceState, $"An invoice that is {invoice.Status} does not become {wanted}.");
        }

        if (wanted == Invoice.Issued)
        {
            if (await request.Db.BillingProfiles.AsNoTracking().SingleOrDefaultAsync(token) is not { } profile)
            {
                return new Problem(Errors.InvoiceState, "The tenant has not said yet to whom invoices go.");
            }

            invoice.BilledTo = JsonSerializer.Serialize(
                new
                {
                    profile.Company,
                    profile.Address,
                    profile.PostalCode,
                    profile.City,
                    profile.Country,
                    profile.VatNumber,
                    profile.ContactName,
                    profile.ContactEmail,
                },
                Envelope.Json);
            invoice.IssuedAt = request.Now;
        }

        invoice.PaidAt = wanted == Invoice.Paid ? request.Now : null;
        invoice.VoidedAt = wanted == Invoice.Void ? request.Now : null;
        invoice.Status = wanted;
        return null;
    }

    // Under the tenant that is billed. What the tenant sees of it is in its activity, too.
    private static Task<ApiResponse<InvoiceView>> ChangeAsync(
        ApiRequest request, Guid invoiceId, string action, Func<Invoice, CancellationToken, Task<Problem?>> change) =>
        request.ChangeAsync<InvoiceView>(async token =>
        {
            if (await FindAsync(request, invoiceId, token) is not { } found)
            {
                return new Problem(Errors.InvoiceNotFound);
            }

            var (problem, changed) = await request.Db.UnderTenantAsync(found.TenantId, async inside =>
            {
                var invoice = await request.Db.Invoices.SingleAsync(row => row.Id == invoiceId, inside);
                if ((request.CheckMatch(invoice) ?? await change(invoice, inside)) is { } refusal)
                {
                    return (refusal, invoice);
                }

                invoice.Touch(request.Now);
                if (invoice.Status != Invoice.Draft)
                {
                    request.RecordIn(
                        invoice.TenantId, action, "invoice", invoiceId, invoice.Number, Told(found), Told(invoice));
                }

                return ((Problem?)null, invoice);
            }, token);
            if (problem is not null)
            {
                return problem;
            }

            request.Record(action, "invoice", invoiceId, changed.Number, Told(found), Told(changed));
            return ApiResponse<InvoiceView>.Ok(InvoiceViews.View(changed), changed.Version);
        });

    private static Task<Invoice?> FindAsync(ApiRequest request, Guid invoiceId, CancellationToken token) =>
        request.Db.Invoices.IgnoreQueryFilters().AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == invoiceId, token);

    private static Problem? Check(
        string number, string currency, DateOnly from, DateOnly to, InvoiceLine[] lines, string note)
    {
        var checks = new Checks().Name("number", number, Limits.TagLength)
            .Text("note", note, Limits.DescriptionLength).Lines(lines);
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper))
        {
            checks.Add("currency", "CURRENCY", "A currency is three upper-case letters, as of ISO 4217.");
        }

        return (to < from
            ? checks.Add("periodEnd", "ORDER", "'periodEnd' does not come before 'periodStart'.")
            : checks).Problem;
    }

    private static object Told(Invoice row) => new
    {
        row.TenantId,
        row.Number,
        row.Status,
        row.Currency,
        row.Total,
        row.PeriodStart,
        row.PeriodEnd,
    };
}
