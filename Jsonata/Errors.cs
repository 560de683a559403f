using System.Collections.Frozen;
using System.Text;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata;

/// <summary>The codes and sentences of all errors, in one place.</summary>
internal static class Errors
{
    private const int MaxShownValueLength = 80;

    private static readonly FrozenDictionary<string, string> Messages = new Dictionary<string, string>
    {
        ["S0101"] = "The string is not closed by a matching quote.",
        ["S0102"] = "The number {token} is out of range.",
        ["S0103"] = "The escape sequence \\{token} is not supported; use \\\", \\\\, \\/, \\b, \\f, \\n, \\r, \\t or \\uXXXX.",
        ["S0104"] = "The escape sequence \\u must be followed by four hexadecimal digits.",
        ["S0105"] = "The quoted name is not closed by a backquote (`).",
        ["S0106"] = "The comment has no closing */.",
        ["S0201"] = "Syntax error: {token} is not expected here; the expression was complete before it.",
        ["S0202"] = "Expected {value}, got {token}.",
        ["S0203"] = "Expected {value} before the end of the expression.",
        ["S0204"] = "Unknown operator: {token}.",
        ["S0205"] = "Unexpected token: {token}.",
        ["S0207"] = "Unexpected end of the expression: a value is missing.",
        ["S0208"] = "Parameter {value} of the function must be a variable name (start with $).",
        ["S0209"] = "A predicate cannot follow a grouping expression in a step.",
        ["S0210"] = "Each step can only have one grouping expression.",
        ["S0211"] = "The symbol {token} cannot stand where a value is expected.",
        ["S0212"] = "The left side of := must be a variable name (start with $).",
        ["S0213"] = "The literal value {value} cannot be used as a step of a path.",
        ["S0214"] = "The right side of {token} must be a variable name (start with $).",
        ["S0215"] = "A context variable binding (@) must come before any predicate of its step.",
        ["S0216"] = "A context variable binding (@) must come before the order-by clause of its step.",
        ["S0217"] = "What the parent operator % refers to cannot be derived from this expression.",
        ["S0301"] = "A regular expression cannot be empty.",
        ["S0302"] = "The regular expression is not closed by /.",
        ["S0303"] = "The regular expression {value} is not valid: {token}.",
        ["S0401"] = "Type parameters can only be applied to functions and arrays.",
        ["S0402"] = "Choice groups with parameterized types are not supported.",
        ["S0403"] = "The function signature is not valid at {token}.",
        ["S0901"] = "The expression is longer than {value} characters.",
        ["S0902"] = "The expression is nested more than {value} levels deep.",
        ["T0410"] = "Argument {index} of function {token} does not match the function's signature.",
        ["T0411"] = "The context value is not of the type that argument {index} of function {token} takes.",
        ["T0412"] = "Argument {index} of function {token} must be an array of {type}.",
        ["D1001"] = "The number {value} is out of range.",
        ["D1002"] = "A value that is not a number cannot be negated.",
        ["T1003"] = "The key of an object must be a string, not {value}.",
        ["D1004"] = "The regular expression {value} matches zero-length text.",
        ["T1005"] = "{token} is not a function. Did you mean ${token}?",
        ["T1006"] = "What is called here is not a function.",
        ["T1007"] = "What is partially applied here is not a function. Did you mean ${token}?",
        ["T1008"] = "What is partially applied here is not a function.",
        ["D1009"] = "Several key definitions of the object evaluate to the same key {value}.",
        ["T1010"] = "The matcher function does not return the object a matcher must return.",
        ["T2001"] = "The left side of {token} must be a number.",
        ["T2002"] = "The right side of {token} must be a number.",
        ["T2003"] = "The left side of the range operator (..) must be an integer.",
        ["T2004"] = "The right side of the range operator (..) must be an integer.",
        ["T2006"] = "The right side of the function application operator ~> must be a function.",
        ["T2007"] = "The order-by clause cannot compare {value} with {value2}: they differ in type.",
        ["T2008"] = "The expressions of an order-by clause must yield numbers or strings.",
        ["T2009"] = "The values {value} and {value2} on the two sides of {token} must be of the same type.",
        ["T2010"] = "The expressions on both sides of {token} must yield numbers or strings.",
        ["T2011"] = "The update clause of the transform must yield an object, not {value}.",
        ["T2012"] = "The delete clause of the transform must yield a string or an array of strings, not {value}.",
        ["T2013"] = "The transform clones with $clone, which has been bound to something that is not a function.",
        ["D2014"] = "The range operator (..) may not make more than 1e7 numbers, not {value}.",
        ["D3001"] = "Infinity and NaN cannot be turned into a string.",
        ["D3010"] = "The second argument of replace cannot be an empty string.",
        ["D3011"] = "The fourth argument of replace must be a positive number.",
        ["D3012"] = "The replacement function must return a string.",
        ["D3020"] = "The third argument of split must be a positive number.",
        ["D3030"] = "{value} cannot be turned into a number.",
        ["D3040"] = "The third argument of match must be a positive number.",
        ["D3050"] = "The function given to reduce must take at least two arguments.",
        ["D3060"] = "sqrt cannot be applied to the negative number {value}.",
        ["D3061"] = "power({value}, {exp}) is not a number that can be represented.",
        ["D3070"] = "sort without a function can only order an array of strings or an array of numbers.",
        ["D3080"] = "The picture may have at most two sub-pictures.",
        ["D3081"] = "A sub-picture may have at most one decimal separator.",
        ["D3082"] = "A sub-picture may have at most one percent sign.",
        ["D3083"] = "A sub-picture may have at most one per-mille sign.",
        ["D3084"] = "A sub-picture may not have both a percent and a per-mille sign.",
        ["D3085"] = "The mantissa of a sub-picture needs at least one digit.",
        ["D3086"] = "A sub-picture may not have a passive character between active ones.",
        ["D3087"] = "A grouping separator may not stand next to the decimal separator.",
        ["D3088"] = "A grouping separator may not stand at the end of the integer part.",
        ["D3089"] = "Two grouping separators may not stand next to each other.",
        ["D3090"] = "In the integer part optional digits must come before mandatory ones.",
        ["D3091"] = "In the fractional part mandatory digits must come before optional ones.",
        ["D3092"] = "A sub-picture with a percent or per-mille sign may not have an exponent.",
        ["D3093"] = "The exponent of a sub-picture must consist of one or more mandatory digits.",
        ["D3100"] = "The radix of formatBase must be between 2 and 36, not {value}.",
        ["D3110"] = "{value} is not an ISO 8601 timestamp, and no picture was given.",
        ["D3120"] = "The expression given to eval has a syntax error: {value}",
        ["D3121"] = "The expression given to eval failed: {value}",
        ["D3130"] = "Sequences that start with {value} cannot be used to format or parse an integer.",
        ["D3131"] = "All decimal digits of a picture must be of the same group.",
        ["D3132"] = "The date-time picture has the unknown component {value}.",
        ["D3133"] = "Only months and days have names, not the component {value}.",
        ["D3134"] = "A time zone may be formatted with at most four digits.",
        ["D3135"] = "The date-time picture has an opening bracket without a closing one.",
        ["D3136"] = "The date-time picture does not have all the components a timestamp needs.",
        ["D3137"] = "{value}",
        ["D3138"] = "single expected one matching result and found more.",
        ["D3139"] = "single expected one matching result and found none.",
        ["D3140"] = "Malformed URL passed to ${token}(): {value}",
        ["D3141"] = "{value}",
        ["U1001"] = "The evaluation is nested too deeply (limit {value}): is there a recursion that does not end?",
        ["U1002"] = "The evaluation took more than {value} steps.",
        ["U1003"] = "The evaluation built an array of more than {value} items.",
        ["U1004"] = "The evaluation built a string of more than {value} characters.",
        ["U1005"] = "The result is larger than {value} bytes of JSON.",
        ["U1006"] = "The regular expression {value} took too long over one string.",
        ["U1007"] = "The picture is longer than {value} characters.",
        ["U1008"] = "The regular expression {value} could not be matched: nest fewer repetitions and groups.",
        ["U1009"] = "The evaluation built more than {value} bytes of strings, arrays and objects.",
        ["U1011"] = "The charset {value} is not known; write \"utf-8\" or \"latin-1\".",
        ["U1012"] = "The Base64 text does not hold text in UTF-8.",
        ["U1013"] = "There is no time zone {value}.",
        ["U1010"] = "The input is not valid JSON: {value}",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>An error whose place is not known yet; the call or operator it happens in adds it.</summary>
    public static JsonataException Of(string code, string? token = null, string? value = null, string? value2 = null) =>
        At(0, code, token, value, value2);

    public static JsonataException At(
        int position, string code, string? token = null, string? value = null, string? value2 = null, string? suggestion = null) =>
        new(Describe(position, code, token, value, value2, suggestion));

    public static JsonataError Describe(
        int position, string code, string? token, string? value, string? value2 = null, string? suggestion = null)
    {
        var message = new StringBuilder(Messages.GetValueOrDefault(code, code))
            .Replace("{value}", value)
            .Replace("{value2}", value2)
            .Replace("{exp}", value2)
            .Replace("{index}", value)
            .Replace("{type}", value2);
        if (token is not null)
        {
            message.Replace("{token}", token);
        }

        if (suggestion is not null)
        {
            message.Append(' ').Append(suggestion);
        }

        return new JsonataError(code, message.ToString(), position, token, value, suggestion);
    }

    /// <summary>
    /// Adds the place and the function name to an error that a function raised without knowing them. To be used as the
    /// filter of a catch, which it never enters: catching and throwing again at every level of a recursion would take
    /// more stack than the recursion itself.
    /// </summary>
    /// <returns>Always false.</returns>
    public static bool Locate(JsonataException exception, int position, string? token)
    {
        var error = exception.Error;
        if (error.Position != 0)
        {
            return false;
        }

        var isOpen = error.Token is null
            && Messages.GetValueOrDefault(error.Code, "").Contains("{token}", StringComparison.Ordinal);
        var message = isOpen ? error.Message.Replace("{token}", token ?? "(anonymous)", StringComparison.Ordinal) : error.Message;
        exception.Error = error with { Message = message, Position = position, Start = position, Token = error.Token ?? token };
        return false;
    }

    private static ReadOnlySpan<byte> Start(ReadOnlySpan<byte> json) =>
        json.Length > MaxShownValueLength * 2 ? json[..(MaxShownValueLength * 2)] : json;

    private static string Shorten(string text) =>
        text.Length <= MaxShownValueLength + 2 ? text : string.Concat(text.AsSpan(0, MaxShownValueLength), "…");

    /// <summary>A value as it is shown in a message.</summary>
    public static string Show(in JsonataValue value)
    {
        switch (value.Kind)
        {
            case JsonataKind.Undefined:
                return "nothing";
            case JsonataKind.Function:
                return "a function";
            case JsonataKind.String:
                value.TryGetString(out var text);
                return Shorten(JsonText.Quote(text!.Length > MaxShownValueLength ? text[..(MaxShownValueLength + 1)] : text));
            case JsonataKind.Array or JsonataKind.Object when !value.IsJson:
                return value.IsArray ? "an array" : "an object";
            default:
                // The text of an element may be megabytes; its start says enough.
                return Shorten(value.Reference is JsonDom dom
                    ? Encoding.UTF8.GetString(Start(dom.Raw(value.Row)))
                    : value.ToString());
        }
    }
}
