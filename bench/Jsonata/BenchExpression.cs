using System.Text.Json;

namespace Workflows.Jsonata.Bench;

/// <summary>A line of <c>expressions.json</c>: an expression and what it is evaluated on.</summary>
/// <param name="Name">Its name in the figures.</param>
/// <param name="Kind">The group it is averaged in: plain or heavy.</param>
/// <param name="Data">The name of its input in <see cref="BenchData"/>.</param>
/// <param name="Expr">The expression.</param>
internal sealed record BenchExpression(string Name, string Kind, string Data, string Expr)
{
    private static readonly Lazy<JsonElement> Inputs = new(() => JsonElement.Parse(BenchData.Create()));

    /// <summary>All of the file, which is part of the assembly.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public static IReadOnlyList<BenchExpression> All { get; } = Read();

    /// <summary>A call that evaluates it once.</summary>
    public Func<JsonataValue> Compile()
    {
        var input = JsonataValue.FromElement(Inputs.Value.GetProperty(Data));
        var expression = JsonataExpression.Parse(Expr);
        return () => expression.Evaluate(input);
    }

    private static BenchExpression[] Read()
    {
        using var stream = typeof(BenchExpression).Assembly.GetManifestResourceStream("expressions.json");
        return stream is not null
            && JsonSerializer.Deserialize<BenchExpression[]>(stream, JsonSerializerOptions.Web) is { } all
            ? all
            : throw new InvalidOperationException("expressions.json is not part of the assembly.");
    }
}
