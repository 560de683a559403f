using System.Runtime.InteropServices;
using System.Text.Json;
using Workflows.Jsonata;

namespace Workflows.Engine.Definitions;

/// <summary>
/// A number of a schema, or one to be held against it: as the decimal it is, since doubles take ids for other ids.
/// </summary>
/// <param name="Value">What it is.</param>
/// <param name="Text">As it was written.</param>
internal sealed record SchemaNumber(DecimalNumber Value, string Text)
{
    public static SchemaNumber Of(JsonElement number) => new(Decimal(number), number.GetRawText());

    public static DecimalNumber Decimal(JsonElement number) => DecimalNumber.Parse(JsonMarshal.GetRawUtf8Value(number));

    /// <summary>Numbers that the store would refuse are no bounds either: their exponents are out of any use.</summary>
    public static bool IsUsable(JsonElement number) =>
        JsonText.FindProblem(JsonMarshal.GetRawUtf8Value(number)) is null;
}
