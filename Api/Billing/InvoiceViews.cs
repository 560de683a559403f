using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Billing;

/// <summary>Invoices as both sides see them.</summary>
internal static class InvoiceViews
{
    public static readonly string[] IssuedStatuses = [Invoice.Issued, Invoice.Paid, Invoice.Void];

    public static InvoiceView View(Invoice row) => new(
        row.Id, row.TenantId, row.Number, row.Status, row.Currency, row.PeriodStart, row.PeriodEnd, row.DueOn,
        new RawJson(row.Lines), row.Net, row.Tax, row.Total, row.Note, RawJson.From(row.BilledTo), row.IssuedAt,
        row.PaidAt, row.VoidedAt, row.Version, row.CreatedAt, row.UpdatedAt);

    /// <summary>A page of invoices, newest first.</summary>
    /// <param name="known">The statuses that may be asked for.</param>
    public static async Task<ApiResponse<List<InvoiceView>>> PageAsync(
        IQueryable<Invoice> invoices, string? status, string[] known, PageQuery query, PageRequest<IdKey> page,
        CancellationToken token)
    {
        if (status is not null && !known.Contains(status))
        {
            return Problem.Parameter("status", $"'status' is one of {string.Join(", ", known)}.");
        }

        invoices = status is null ? invoices : invoices.Where(row => row.Status == status);
        var total = await invoices.CountAsync(query, token);
        var rows = await invoices.AsNoTracking().After(page, after => row => row.Id < after.Id)
            .OrderByDescending(row => row.Id).Take(page.Take).ToListAsync(token);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<InvoiceView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<InvoiceView>(query));
    }
}
