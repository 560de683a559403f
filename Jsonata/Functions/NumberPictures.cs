using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Workflows.Jsonata.Functions;

/// <summary>
/// $formatNumber with the pictures of XPath 3.1 (fn:format-number). A picture has one or two sub-pictures, the second for
/// negative numbers; each is a prefix, digits and a suffix.
/// </summary>
internal static class NumberPictures
{
    private const int MaxFractionDigits = 100;

    // The pictures of a program are few; beyond this many something generates them.
    private const int MaxCached = 256;

    private static readonly ConcurrentDictionary<string, NumberPicture> Cache = new(StringComparer.Ordinal);

    public static JsonataValue FormatNumber(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (!arguments[0].TryGetNumber(out var number))
        {
            return default;
        }

        var picture = StringFunctions.Text(arguments[1]);
        var parsed = arguments[2].IsUndefined ? Known(picture) : Parse(picture, NumberSymbols.From(arguments[2]));
        return JsonataValue.FromString(
            Format(number, number >= 0 ? parsed.Positive : parsed.Negative, parsed.Symbols));
    }

    private static NumberPicture Known(string picture)
    {
        if (Cache.TryGetValue(picture, out var known))
        {
            return known;
        }

        var parsed = Parse(picture, NumberSymbols.From(default));
        if (Cache.Count < MaxCached)
        {
            Cache.TryAdd(picture, parsed);
        }

        return parsed;
    }

    private static NumberPicture Parse(string picture, NumberSymbols symbols)
    {
        Limits.CheckPicture(picture);
        var parts = picture.Split(symbols.PatternSeparator);
        if (parts.Length > 2)
        {
            throw Errors.Of("D3080");
        }

        var positive = NumberSubPicture.Parse(parts[0], symbols);
        var negative = parts.Length == 2
            ? NumberSubPicture.Parse(parts[1], symbols)
            : positive with { Prefix = symbols.MinusSign + positive.Prefix };
        return new NumberPicture(positive, negative, symbols);
    }

    private static string Format(double number, NumberSubPicture picture, NumberSymbols symbols)
    {
        if (double.IsNaN(number))
        {
            return symbols.NotANumber;
        }

        if (double.IsInfinity(number))
        {
            return picture.Prefix + symbols.Infinity + picture.Suffix;
        }

        var adjusted = number * picture.Scale;
        int? exponent = null;
        if (picture.MinExponentDigits > 0)
        {
            (adjusted, exponent) = Normalize(adjusted, picture.ScalingDigits);
        }

        var text = picture.Digits(adjusted, symbols);
        if (exponent is { } power)
        {
            var digits = symbols.Localize(Math.Abs(power).ToString(CultureInfo.InvariantCulture));
            text += symbols.ExponentSeparator + (power < 0 ? symbols.MinusSign : "")
                + digits.PadLeft(picture.MinExponentDigits, symbols.ZeroDigit);
        }

        return picture.Prefix + text + picture.Suffix;
    }

    /// <summary>A mantissa with as many integer digits as the picture has.</summary>
    private static (double Mantissa, int Exponent) Normalize(double number, int digits)
    {
        var exponent = 0;
        if (number == 0)
        {
            return (0, 0);
        }

        var most = Math.Pow(10, digits);
        var least = Math.Pow(10, digits - 1);
        var magnitude = Math.Abs(number);
        for (; magnitude < least; exponent--)
        {
            magnitude *= 10;
        }

        for (; magnitude > most; exponent++)
        {
            magnitude /= 10;
        }

        return (number < 0 ? -magnitude : magnitude, exponent);
    }

    private sealed record NumberPicture(NumberSubPicture Positive, NumberSubPicture Negative, NumberSymbols Symbols);

    /// <summary>One sub-picture, taken apart and checked.</summary>
    internal sealed record NumberSubPicture(string Prefix, string Suffix)
    {
        private IReadOnlyList<int> _integerGroups = [];
        private IReadOnlyList<int> _fractionGroups = [];
        private int _regularGroup;
        private int _minInteger;
        private int _minFraction;
        private int _maxFraction;
        private bool _hasDecimalSeparator;

        public double Scale { get; private init; } = 1;

        public int ScalingDigits { get; private init; }

        public int MinExponentDigits { get; private init; }

        public static NumberSubPicture Parse(string picture, NumberSymbols symbols)
        {
            var start = 0;
            while (start < picture.Length && !symbols.StartsDigits(picture[start]))
            {
                start++;
            }

            Require(start < picture.Length, picture.Length == 0 ? "D3085" : "D3086");
            var end = picture.Length;
            while (end > start && !symbols.StartsDigits(picture[end - 1]))
            {
                end--;
            }

            var exponentAt = picture.IndexOf(symbols.ExponentSeparator, start, StringComparison.Ordinal);
            var hasExponent = exponentAt >= 0 && exponentAt <= end;
            var mantissa = picture[start..(hasExponent ? Math.Min(exponentAt, end) : end)];
            var exponent = !hasExponent ? null : exponentAt < end ? picture[(exponentAt + symbols.ExponentSeparator.Length)..end] : "";
            var point = mantissa.IndexOf(symbols.DecimalSeparator, StringComparison.Ordinal);
            var integer = point < 0 ? mantissa : mantissa[..point];
            var fraction = point < 0 ? "" : mantissa[(point + symbols.DecimalSeparator.Length)..];
            Validate(picture, picture[start..end], integer, fraction, exponent, point >= 0, symbols);
            return Analyze(picture, picture[..start], picture[end..], integer, fraction, exponent, symbols);
        }

        private static void Validate(
            string picture, string active, string integer, string fraction, string? exponent, bool hasPoint, NumberSymbols symbols)
        {
            Require(Count(picture, symbols.DecimalSeparator) <= 1, "D3081");
            Require(Count(picture, symbols.Percent) <= 1, "D3082");
            Require(Count(picture, symbols.PerMille) <= 1, "D3083");
            var hasScale = Has(picture, symbols.Percent) || Has(picture, symbols.PerMille);
            Require(!Has(picture, symbols.Percent) || !Has(picture, symbols.PerMille), "D3084");
            Require((integer + fraction).Any(symbols.IsDigitSign), "D3085");
            Require(active.All(symbols.IsActive), "D3086");
            if (hasPoint)
            {
                var (group, point) = (symbols.GroupingSeparator, symbols.DecimalSeparator);
                Require(!Has(picture, group + point) && !Has(picture, point + group), "D3087");
            }
            else
            {
                Require(!integer.EndsWith(symbols.GroupingSeparator, StringComparison.Ordinal), "D3088");
            }

            Require(!Has(picture, symbols.GroupingSeparator + symbols.GroupingSeparator), "D3089");
            var firstOptional = integer.IndexOf(symbols.Digit);
            Require(firstOptional < 0 || !integer[..firstOptional].Any(symbols.IsDecimalDigit), "D3090");
            var lastOptional = fraction.LastIndexOf(symbols.Digit);
            Require(lastOptional < 0 || !fraction[lastOptional..].Any(symbols.IsDecimalDigit), "D3091");
            Require(string.IsNullOrEmpty(exponent) || !hasScale, "D3092");
            Require(exponent is null || (exponent.Length > 0 && exponent.All(symbols.IsDecimalDigit)), "D3093");
        }

        private static void Require(bool holds, string error)
        {
            if (!holds)
            {
                throw Errors.Of(error);
            }
        }

        private static bool Has(string text, string part) => text.Contains(part, StringComparison.Ordinal);

        private static int Count(string text, string part) => text.Split(part).Length - 1;

        private static NumberSubPicture Analyze(
            string picture, string prefix, string suffix, string integer, string fraction, string? exponent, NumberSymbols symbols)
        {
            var minInteger = integer.Count(symbols.IsDecimalDigit);
            var minFraction = fraction.Count(symbols.IsDecimalDigit);
            var maxFraction = Math.Min(fraction.Count(symbols.IsDigitSign), MaxFractionDigits);
            var scalingDigits = minInteger;
            if (minInteger == 0 && maxFraction == 0)
            {
                (minInteger, minFraction, maxFraction) = exponent is null ? (1, 0, 0) : (0, 1, 1);
            }

            minInteger = exponent is not null && minInteger == 0 && integer.Contains(symbols.Digit, StringComparison.Ordinal) ? 1 : minInteger;
            minFraction = minInteger == 0 && minFraction == 0 ? 1 : minFraction;
            var groups = Groups(integer, symbols, fromLeft: false);
            return new NumberSubPicture(prefix, suffix)
            {
                _integerGroups = groups,
                _regularGroup = Regular(groups),
                _fractionGroups = Groups(fraction, symbols, fromLeft: true),
                _minInteger = minInteger,
                _minFraction = Math.Min(minFraction, MaxFractionDigits),
                _maxFraction = maxFraction,
                _hasDecimalSeparator = Has(picture, symbols.DecimalSeparator),
                ScalingDigits = scalingDigits,
                MinExponentDigits = exponent?.Length ?? 0,
                Scale = Has(picture, symbols.Percent) ? 100 : Has(picture, symbols.PerMille) ? 1000 : 1,
            };
        }

        /// <summary>Digits between each separator and the decimal point.</summary>
        private static List<int> Groups(string part, NumberSymbols symbols, bool fromLeft)
        {
            var positions = new List<int>();
            var separator = symbols.GroupingSeparator;
            for (var at = part.IndexOf(separator, StringComparison.Ordinal);
                at >= 0;
                at = part.IndexOf(separator, at + separator.Length, StringComparison.Ordinal))
            {
                positions.Add((fromLeft ? part[..at] : part[at..]).Count(symbols.IsDigitSign));
            }

            return positions;
        }

        private static int Regular(List<int> positions)
        {
            if (positions.Count == 0)
            {
                return 0;
            }

            var size = positions.Aggregate(IntegerPicture.GreatestCommonDivisor);
            return size > 0 && Enumerable.Range(1, positions.Count).All(index => positions.Contains(index * size)) ? size : 0;
        }

        /// <summary>The digits with their separators, without prefix, suffix and exponent.</summary>
        public string Digits(double number, NumberSymbols symbols)
        {
            var rounded = Math.Abs(NumberFunctions.Round(number, _maxFraction));
            var plain = rounded.ToString("F" + _maxFraction.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            var point = plain.IndexOf('.', StringComparison.Ordinal);
            var integer = (point < 0 ? plain : plain[..point]).TrimStart('0').PadLeft(_minInteger, '0');
            var fraction = (point < 0 ? "" : plain[(point + 1)..]).TrimEnd('0').PadRight(_minFraction, '0');
            var text = new StringBuilder();
            for (var i = 0; i < integer.Length; i++)
            {
                var right = integer.Length - i;
                var separated = _regularGroup > 0 ? i > 0 && right % _regularGroup == 0 : i > 0 && _integerGroups.Contains(right);
                text.Append(separated ? symbols.GroupingSeparator : "").Append(integer[i]);
            }

            if (_hasDecimalSeparator && fraction.Length > 0)
            {
                text.Append(symbols.DecimalSeparator);
                for (var i = 0; i < fraction.Length; i++)
                {
                    text.Append(i > 0 && _fractionGroups.Contains(i) ? symbols.GroupingSeparator : "").Append(fraction[i]);
                }
            }

            return symbols.Localize(text.ToString());
        }
    }
}

/// <summary>The characters of a picture, which the options of $formatNumber may change.</summary>
internal sealed class NumberSymbols
{
    private readonly JsonataValue _options;

    private NumberSymbols(in JsonataValue options)
    {
        _options = options;
        DecimalSeparator = Option("decimal-separator", ".");
        GroupingSeparator = Option("grouping-separator", ",");
        ExponentSeparator = Option("exponent-separator", "e");
        Infinity = Option("infinity", "Infinity");
        MinusSign = Option("minus-sign", "-");
        NotANumber = Option("NaN", "NaN");
        Percent = Option("percent", "%");
        PerMille = Option("per-mille", "‰");
        ZeroDigit = Option("zero-digit", "0")[0];
        Digit = Option("digit", "#")[0];
        PatternSeparator = Option("pattern-separator", ";");
    }

    public string DecimalSeparator { get; }

    public string GroupingSeparator { get; }

    public string ExponentSeparator { get; }

    public string Infinity { get; }

    public string MinusSign { get; }

    public string NotANumber { get; }

    public string Percent { get; }

    public string PerMille { get; }

    public char ZeroDigit { get; }

    public char Digit { get; }

    public string PatternSeparator { get; }

    public static NumberSymbols From(in JsonataValue options) => new(options);

    public bool IsDecimalDigit(char unit) => unit >= ZeroDigit && unit <= ZeroDigit + 9;

    public bool IsDigitSign(char unit) => unit == Digit || IsDecimalDigit(unit);

    public bool IsActive(char unit) =>
        IsDigitSign(unit)
        || DecimalSeparator.Contains(unit, StringComparison.Ordinal)
        || GroupingSeparator.Contains(unit, StringComparison.Ordinal)
        || ExponentSeparator.Contains(unit, StringComparison.Ordinal)
        || PatternSeparator.Contains(unit, StringComparison.Ordinal);

    /// <summary>An exponent separator alone does not end the prefix: the e of a word stays in it.</summary>
    public bool StartsDigits(char unit) => IsActive(unit) && !ExponentSeparator.Contains(unit, StringComparison.Ordinal);

    public string Localize(string text) => ZeroDigit == '0'
        ? text
        : string.Create(text.Length, (text, ZeroDigit), static (span, state) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var unit = state.text[i];
                span[i] = char.IsAsciiDigit(unit) ? (char)(state.ZeroDigit + unit - '0') : unit;
            }
        });

    private string Option(string name, string usual) =>
        _options.Member(name).TryGetString(out var text) && text!.Length > 0 ? text : usual;
}
