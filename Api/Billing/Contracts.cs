using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;

namespace Workflows.Api.Billing;

/// <param name="Address">Street and house, line by line.</param>
/// <param name="Country">ISO 3166, two letters.</param>
internal sealed record BillingRequest(
    string Company,
    string[] Address,
    string Country,
    string ContactEmail,
    string PostalCode = "",
    string City = "",
    string? VatNumber = null,
    string ContactName = "");

/// <param name="Version">0 while nothing was written yet.</param>
internal sealed record BillingView(
    string Company,
    string[] Address,
    string PostalCode,
    string City,
    string Country,
    string? VatNumber,
    string ContactName,
    string ContactEmail,
    int Version,
    DateTimeOffset? UpdatedAt);

/// <summary>What is charged. The amount follows: quantity times price, rounded to what the currency has.</summary>
/// <param name="UnitPrice">Negative for a credit.</param>
internal sealed record InvoiceLine(string Description, decimal Quantity, decimal UnitPrice, decimal TaxPercent = 0);

internal sealed record InvoiceLineView(
    string Description, decimal Quantity, decimal UnitPrice, decimal TaxPercent, decimal Amount);

/// <param name="Number">As it stands on the paper; a tenant has each once.</param>
/// <param name="Currency">ISO 4217, three letters.</param>
internal sealed record CreateInvoiceRequest(
    Guid TenantId,
    string Number,
    string Currency,
    DateOnly PeriodStart,
    DateOnly PeriodEnd,
    InvoiceLine[] Lines,
    DateOnly? DueOn = null,
    string Note = "");

/// <summary>What is left out stays as it is; lines that are given replace all of them. Drafts only.</summary>
internal sealed record UpdateInvoiceRequest(
    string? Number = null,
    string? Currency = null,
    DateOnly? PeriodStart = null,
    DateOnly? PeriodEnd = null,
    InvoiceLine[]? Lines = null,
    DateOnly? DueOn = null,
    string? Note = null);

/// <param name="Status">issued, paid or void.</param>
internal sealed record InvoiceStatusRequest(string Status);

/// <param name="BilledTo">The billing address at the moment of issue.</param>
internal sealed record InvoiceView(
    Guid Id,
    Guid TenantId,
    string Number,
    [property: OneOf(ClosedList.InvoiceStatus)] string Status,
    string Currency,
    DateOnly PeriodStart,
    DateOnly PeriodEnd,
    DateOnly? DueOn,
    RawJson Lines,
    decimal Net,
    decimal Tax,
    decimal Total,
    string Note,
    RawJson? BilledTo,
    DateTimeOffset? IssuedAt,
    DateTimeOffset? PaidAt,
    DateTimeOffset? VoidedAt,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

internal sealed record OwnInvoiceQuery([property: FromQuery(Name = "status")] string? Status);

internal sealed record InvoiceQuery(
    [property: FromQuery(Name = "tenant")] Guid? Tenant,
    [property: FromQuery(Name = "status")] string? Status);
