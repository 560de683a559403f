using System.Text.Json;

namespace Workflows.Jsonata.Bench;

/// <summary>What the expressions are evaluated on.</summary>
internal static class BenchData
{
    private static readonly string[] Categories = ["tea", "cups", "books"];

    /// <summary>An order as a workflow carries it, and a table of a thousand rows.</summary>
    public static byte[] Create() => JsonSerializer.SerializeToUtf8Bytes(new
    {
        order = new
        {
            input = new
            {
                id = "ord_0001",
                status = "paid",
                total = 1234.5,
                blocked = false,
                placed = 1_700_000_000_000,
                note = "deliver 12-34 or 56-78 please ring twice",
                customer = new
                {
                    name = "Ann Example", country = "DE", address = new { street = "Main 1", city = "Berlin" },
                },
                lines = Enumerable.Range(1, 10).Select(i => new
                {
                    sku = $"SKU-{i}",
                    category = Categories[i % 3],
                    price = 5.25 * i,
                    quantity = i % 4,
                    tags = new[] { "a" + i, "b" + i },
                }),
                stock = Enumerable.Range(1, 10).Select(i => new { sku = $"SKU-{11 - i}", count = i * 10 }),
            },
        },
        table = new
        {
            rows = Enumerable.Range(0, 1000)
                .Select(i => new { row = i, text = i % 5 == 0 ? "foo" : "text " + i, extra = new { a = i } }),
        },
    });
}
