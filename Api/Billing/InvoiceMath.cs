using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Billing;

/// <summary>Sums of invoices, to the digits that a currency has; half a unit goes away from zero.</summary>
internal static class InvoiceMath
{
    private const int UsualDigits = 2;
    private const int PriceDigits = 4;
    private const decimal MaxTotal = 100_000_000_000m;
    private const decimal MaxQuantity = 1_000_000_000m;

    // ISO 4217: those that do not have two.
    private static readonly Dictionary<string, int> Digits = new(StringComparer.Ordinal)
    {
        ["BIF"] = 0,
        ["CLP"] = 0,
        ["DJF"] = 0,
        ["GNF"] = 0,
        ["ISK"] = 0,
        ["JPY"] = 0,
        ["KMF"] = 0,
        ["KRW"] = 0,
        ["PYG"] = 0,
        ["RWF"] = 0,
        ["UGX"] = 0,
        ["VND"] = 0,
        ["VUV"] = 0,
        ["XAF"] = 0,
        ["XOF"] = 0,
        ["XPF"] = 0,
        ["BHD"] = 3,
        ["IQD"] = 3,
        ["JOD"] = 3,
        ["KWD"] = 3,
        ["LYD"] = 3,
        ["OMR"] = 3,
        ["TND"] = 3,
    };

    public static decimal AmountOf(InvoiceLine line, string currency) =>
        Round(line.Quantity * line.UnitPrice, currency);

    /// <summary>Puts the lines and what they come to into the invoice. Tax is worked out for each rate on the sum of
    /// its lines.</summary>
    public static void SetLines(this Invoice invoice, InvoiceLine[] lines)
    {
        invoice.Net = lines.Sum(line => AmountOf(line, invoice.Currency));
        invoice.Tax = lines.GroupBy(line => line.TaxPercent).Sum(rate => Round(
            rate.Sum(line => AmountOf(line, invoice.Currency)) * rate.Key / 100, invoice.Currency));
        invoice.Total = invoice.Net + invoice.Tax;
        invoice.Lines = JsonSerializer.Serialize(
            lines.Select(line => new InvoiceLineView(
                line.Description, line.Quantity, line.UnitPrice, line.TaxPercent, AmountOf(line, invoice.Currency))),
            Envelope.Json);
    }

    public static InvoiceLine[] LinesOf(Invoice invoice) =>
        [.. JsonSerializer.Deserialize<InvoiceLineView[]>(invoice.Lines, Envelope.Json)!.Select(
            line => new InvoiceLine(line.Description, line.Quantity, line.UnitPrice, line.TaxPercent))];

    /// <summary>Adds what is wrong with lines.</summary>
    public static Checks Lines(this Checks checks, InvoiceLine[]? lines)
    {
        if (lines?.Length is 0 or > Limits.InvoiceLines)
        {
            checks.Add("lines", "COUNT", $"An invoice has 1 to {Limits.InvoiceLines} lines.");
        }

        for (var index = 0; index < lines?.Length; index++)
        {
            if (lines[index] is not { } line)
            {
                checks.Add($"lines/{index}", "TYPE", "A line is an object.");
                continue;
            }

            checks.Name($"lines/{index}/description", line.Description, Limits.CommentLength);
            Number(checks, $"lines/{index}/quantity", line.Quantity, MaxQuantity);
            Number(checks, $"lines/{index}/unitPrice", line.UnitPrice, MaxTotal);
            if (line.TaxPercent is < 0 or > 100 || line.TaxPercent.Scale > UsualDigits)
            {
                checks.Add($"lines/{index}/taxPercent", "RANGE", "'taxPercent' lies between 0 and 100, to two digits.");
            }
        }

        return checks.Problem is null && lines?.Sum(static line => Math.Abs(line.Quantity * line.UnitPrice)) > MaxTotal
            ? checks.Add("lines", "RANGE", "The lines come to more than an invoice can hold.")
            : checks;
    }

    private static void Number(Checks checks, string field, decimal value, decimal most)
    {
        if (Math.Abs(value) > most || value.Scale > PriceDigits)
        {
            checks.Add(field, "RANGE", $"A number has up to {PriceDigits} digits behind the point, and an end.");
        }
    }

    private static decimal Round(decimal value, string currency) => Math.Round(
        value, Digits.GetValueOrDefault(currency, UsualDigits), MidpointRounding.AwayFromZero);
}
