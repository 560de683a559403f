namespace Workflows.Jsonata.Functions;

internal static partial class BuiltinFunctions
{
    private static Entry[] StringEntries =>
    [
        new("string", "<x-b?:s>", "arg[, prettify]", "Turns any value into a string: JSON, unless it is a string already.", StringFunctions.String, 1),
        new("length", "<s-:n>", "str", "The number of characters of a string.", StringFunctions.Length),
        new("substring", "<s-nn?:s>", "str, start[, length]", "Part of a string, from a zero-based offset; a negative one counts from the end.", StringFunctions.Substring),
        new("substringBefore", "<s-s:s>", "str, chars", "What stands before the first occurrence of chars, or the whole string.", StringFunctions.SubstringBefore),
        new("substringAfter", "<s-s:s>", "str, chars", "What stands after the first occurrence of chars, or the whole string.", StringFunctions.SubstringAfter),
        new("lowercase", "<s-:s>", "str", "The string in lower case.", StringFunctions.Lowercase),
        new("uppercase", "<s-:s>", "str", "The string in upper case.", StringFunctions.Uppercase),
        new("trim", "<s-:s>", "str", "Without blanks at the ends, runs of blanks inside made one space.", StringFunctions.Trim),
        new("pad", "<s-ns?:s>", "str, width[, char]", "Filled up to a width: at the end, or with a negative width at the start.", StringFunctions.Pad),
        new("contains", "<s-(sf):b>", "str, pattern", "True when the string contains a string or matches a regular expression.", RegexFunctions.Contains),
        new("match", "<s-f<s:o>n?:a<o>>", "str, pattern[, limit]", "The matches of a regular expression: objects with match, index and groups.", RegexFunctions.Match),
        new("replace", "<s-(sf)(sf)n?:s>", "str, pattern, replacement[, limit]", "The string with what matches replaced by a string ($1 for a group) or by a function's result.", RegexFunctions.Replace),
        new("split", "<s-(sf)n?:a<s>>", "str, separator[, limit]", "The parts of a string between the separators.", RegexFunctions.Split),
        new("join", "<a<s>s?:s>", "array[, separator]", "One string of all strings of an array.", StringFunctions.Join),
        new(
            "base64encode", "<s-s?:s>", "str[, charset]",
            "The string in base 64, its bytes in \"utf-8\", or in Latin-1 without a charset.",
            EncodingFunctions.Base64Encode,
            1),
        new("base64decode", "<s-s?:s>", "str[, charset]", "The string of a base 64 text, its bytes read as \"utf-8\", or as Latin-1 without a charset.", EncodingFunctions.Base64Decode, 1),
        new("encodeUrlComponent", "<s-:s>", "str", "Encoded for use as a part of a URL.", EncodingFunctions.EncodeUrlComponent),
        new("encodeUrl", "<s-:s>", "str", "Encoded as a whole URL.", EncodingFunctions.EncodeUrl),
        new("decodeUrlComponent", "<s-:s>", "str", "Decodes a part of a URL.", EncodingFunctions.DecodeUrlComponent),
        new("decodeUrl", "<s-:s>", "str", "Decodes a whole URL.", EncodingFunctions.DecodeUrl),
    ];

    private static Entry[] NumberEntries =>
    [
        new("number", "<(nsb)-:n>", "arg", "Turns a string or boolean into a number.", NumberFunctions.ToNumber),
        new("abs", "<n-:n>", "number", "The number without its sign.", NumberFunctions.Abs),
        new("floor", "<n-:n>", "number", "The greatest integer that is not greater.", NumberFunctions.Floor),
        new("ceil", "<n-:n>", "number", "The least integer that is not less.", NumberFunctions.Ceil),
        new("round", "<n-n?:n>", "number[, precision]", "Rounded to so many decimal places, halves to the even neighbour.", NumberFunctions.Round),
        new("power", "<n-n:n>", "base, exponent", "The base raised to the exponent.", NumberFunctions.Power),
        new("sqrt", "<n-:n>", "number", "The square root.", NumberFunctions.Sqrt),
        new("random", "<:n>", "", "A random number from 0 up to, not including, 1.", NumberFunctions.Random),
        new("formatNumber", "<n-so?:s>", "number, picture[, options]", "Formats with a picture such as '#,##0.00'.", NumberPictures.FormatNumber),
        new("formatInteger", "<n-s:s>", "number, picture", "Formats an integer as digits, Roman numerals, letters or words ('w').", IntegerPictures.FormatInteger),
        new("parseInteger", "<s-s:n>", "str, picture", "Reads an integer written as formatInteger writes it.", IntegerPictures.ParseInteger),
        new("formatBase", "<n-n?:s>", "number[, radix]", "The integer in a base from 2 to 36.", NumberFunctions.FormatBase),
        new("sum", "<a<n>:n>", "array", "The sum of the numbers.", NumberFunctions.Sum),
        new("max", "<a<n>:n>", "array", "The greatest of the numbers.", NumberFunctions.Max),
        new("min", "<a<n>:n>", "array", "The least of the numbers.", NumberFunctions.Min),
        new("average", "<a<n>:n>", "array", "The mean of the numbers.", NumberFunctions.Average),
    ];

    private static Entry[] ArrayEntries =>
    [
        new("count", "<a:n>", "array", "How many items an array has; 1 for a single value, 0 for none.", ArrayFunctions.Count),
        new("append", "<xx:a>", "array1, array2", "One array of the items of both.", ArrayFunctions.Append),
        new("sort", "<af?:a>", "array[, function($left, $right)]", "Sorted; the function says whether left belongs after right.", ArrayFunctions.Sort),
        new("reverse", "<a:a>", "array", "The items in reverse order.", ArrayFunctions.Reverse),
        new("shuffle", "<a:a>", "array", "The items in random order.", ArrayFunctions.Shuffle),
        new("distinct", "<x:x>", "array", "Without duplicates.", ArrayFunctions.Distinct),
        new("zip", "<a+>", "array1, array2, ...", "Arrays of the first items, of the second items, and so on.", ArrayFunctions.Zip, 0),
        new("map", "<af>", "array, function($value, $index, $array)", "The results of the function for all items.", HigherOrderFunctions.Map),
        new("filter", "<af>", "array, function($value, $index, $array)", "The items for which the function yields true.", HigherOrderFunctions.Filter),
        new("single", "<af?>", "array[, function($value, $index, $array)]", "The one item for which the function yields true; an error when it is not exactly one.", HigherOrderFunctions.Single),
        new("reduce", "<afj?:j>", "array, function($accumulator, $value, $index, $array)[, init]", "Combines all items into one value.", HigherOrderFunctions.Reduce),
    ];

    private static Entry[] ObjectEntries =>
    [
        new("keys", "<x-:a<s>>", "object", "The names of the members.", ObjectFunctions.Keys),
        new("lookup", "<x-s:x>", "object, key", "The member with this name.", ObjectFunctions.Lookup),
        new("spread", "<x-:a<o>>", "object", "One object for each member.", ObjectFunctions.Spread),
        new("merge", "<a<o>:o>", "array", "One object with the members of all; later ones win.", ObjectFunctions.Merge),
        new("each", "<o-f:a>", "object, function($value, $name, $object)", "The results of the function for all members.", ObjectFunctions.Each),
        new("sift", "<o-f?:o>", "object, function($value, $name, $object)", "The members for which the function yields true.", ObjectFunctions.Sift),
        new("clone", "<(oa)-:o>", "object", "A copy.", ObjectFunctions.Clone),
    ];

    private static Entry[] DateTimeEntries =>
    [
        new("now", "<s?s?:s>", "[picture[, timezone]]", "The current instant as ISO 8601 in UTC, or as the picture says.", DateTimeFunctions.Now),
        new("millis", "<:n>", "", "The current instant in milliseconds since 1970.", DateTimeFunctions.Millis),
        new("fromMillis", "<n-s?s?:s>", "number[, picture[, timezone]]", "Formats milliseconds since 1970; a zone is \"+0200\" or \"Europe/Berlin\".", DateTimeFunctions.FromMillis),
        new("toMillis", "<s-s?s?:n>", "timestamp[, picture[, timezone]]", "Reads a timestamp into milliseconds since 1970; without a zone in it or given, UTC.", DateTimeFunctions.ToMillis, 2),
    ];

    private static Entry[] GeneralEntries =>
    [
        new("boolean", "<x-:b>", "arg", "Whether the value counts as true.", GeneralFunctions.Boolean),
        new("not", "<x-:b>", "arg", "The opposite of boolean.", GeneralFunctions.Not),
        new("exists", "<x:b>", "arg", "True when the expression yields anything, be it null.", GeneralFunctions.Exists),
        new("type", "<x:s>", "value", "null, number, string, boolean, array, object or function.", GeneralFunctions.Type),
        new("error", "<s?:x>", "[message]", "Ends the evaluation with an error.", GeneralFunctions.Error),
        new("assert", "<bs?:x>", "condition[, message]", "Ends the evaluation with an error when the condition is false.", GeneralFunctions.Assert),
        new("eval", "<sx?:x>", "expression[, context]", "Evaluates a string as an expression.", GeneralFunctions.Eval),
    ];
}
