using System.Collections.Frozen;
using System.Text;

namespace Workflows.Jsonata.Functions;

/// <summary>Numbers as English words, Roman numerals and letters, both ways.</summary>
internal static class NumberWords
{
    private static readonly string[] Few =
    [
        "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
        "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
    ];

    private static readonly string[] Ordinals =
    [
        "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth", "Eleventh",
        "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth",
    ];

    private static readonly string[] Decades = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];
    private static readonly string[] Magnitudes = ["Thousand", "Million", "Billion", "Trillion"];

    private static readonly (int Value, string Letters)[] RomanNumerals =
    [
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
        (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ];

    private static readonly FrozenDictionary<string, double> Values = BuildValues();

    /// <summary>All words a number can be written with, for a regular expression.</summary>
    public static IEnumerable<string> Words => Values.Keys;

    public static string ToWords(double number, bool ordinal) => Spell(number, joined: false, ordinal);

    private static string Spell(double number, bool joined, bool ordinal)
    {
        if (number <= 19)
        {
            return (joined ? " and " : "") + (ordinal ? Ordinals : Few)[(int)number];
        }

        if (number < 100)
        {
            var decade = Decades[((int)number / 10) - 2];
            var unit = number % 10;
            var tens = unit > 0 ? decade + "-" + Spell(unit, false, ordinal) : ordinal ? decade[..^1] + "ieth" : decade;
            return (joined ? " and " : "") + tens;
        }

        var comma = joined ? ", " : "";
        if (number < 1000)
        {
            var hundreds = comma + Few[(int)number / 100] + " Hundred";
            return hundreds + Rest(number % 100, ordinal);
        }

        // The largest word there is counts how often it is there: "one thousand trillion".
        var magnitude = Math.Min((int)Math.Floor(Math.Log10(number) / 3), Magnitudes.Length);
        var factor = Math.Pow(10, magnitude * 3);
        var count = Math.Floor(number / factor);
        return comma + Spell(count, false, false) + " " + Magnitudes[magnitude - 1] + Rest(number - (count * factor), ordinal);
    }

    private static string Rest(double rest, bool ordinal) => rest > 0 ? Spell(rest, true, ordinal) : ordinal ? "th" : "";

    private static FrozenDictionary<string, double> BuildValues()
    {
        var values = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < Few.Length; i++)
        {
            values[Few[i]] = i;
            values[Ordinals[i]] = i;
        }

        for (var i = 0; i < Decades.Length; i++)
        {
            values[Decades[i]] = (i + 2) * 10;
            values[Decades[i][..^1] + "ieth"] = (i + 2) * 10;
        }

        values["Hundred"] = values["Hundredth"] = 100;
        for (var i = 0; i < Magnitudes.Length; i++)
        {
            values[Magnitudes[i]] = values[Magnitudes[i] + "th"] = Math.Pow(10, (i + 1) * 3);
        }

        return values.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>NaN when there is a word that is no number.</summary>
    public static double FromWords(string text)
    {
        var segments = new List<double> { 0 };
        foreach (var part in text.Replace(" and ", " ", StringComparison.OrdinalIgnoreCase)
            .Split([' ', ',', '-', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Values.TryGetValue(part, out var value))
            {
                return double.NaN;
            }

            if (value >= 100)
            {
                segments[^1] *= value;
            }
            else if (segments[^1] >= 1000)
            {
                segments.Add(value);
            }
            else
            {
                segments[^1] += value;
            }
        }

        return segments.Sum();
    }

    public static string ToRoman(double number)
    {
        var letters = new StringBuilder();
        foreach (var (value, numeral) in RomanNumerals)
        {
            for (; number >= value; number -= value)
            {
                letters.Append(numeral);
            }
        }

        return letters.ToString();
    }

    public static double FromRoman(string text)
    {
        var number = 0.0;
        var greatest = 0;
        for (var i = text.Length - 1; i >= 0; i--)
        {
            var letter = char.ToLowerInvariant(text[i]).ToString();
            var value = Array.Find(RomanNumerals, numeral => numeral.Letters == letter).Value;
            if (value == 0)
            {
                return double.NaN;
            }

            number += value < greatest ? -value : value;
            greatest = Math.Max(greatest, value);
        }

        return number;
    }

    /// <summary>a ... z, aa, ab, ...</summary>
    public static string ToLetters(double number, char first)
    {
        var letters = new StringBuilder();
        for (; number > 0; number = Math.Floor((number - 1) / 26))
        {
            letters.Insert(0, (char)(first + (int)((number - 1) % 26)));
        }

        return letters.ToString();
    }

    public static double FromLetters(string text, char first)
    {
        var number = 0.0;
        foreach (var letter in text)
        {
            number = (number * 26) + (letter - first + 1);
        }

        return number;
    }
}
