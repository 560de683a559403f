using System.Globalization;

namespace Workflows.Jsonata.Tests.Language;

/// <summary>Writes random expressions that mostly parse.</summary>
internal sealed class GrammarFuzzer(Random random)
{
    private const int MaxDepth = 6;

    private static readonly string[] Names = ["a", "b", "c", "d", "e", "s", "n", "o", "k", "v", "deep", "`x y`", "nothing"];
    private static readonly string[] Variables = ["$x", "$y", "$f", "$", "$$", "$i"];
    private static readonly string[] Operators =
        ["+", "-", "*", "/", "%", "=", "!=", "<", ">", "<=", ">=", "&", "and", "or", "in", "~>", "??", "?:", "."];

    private static readonly string[] Literals =
        ["1", "0", "-1", "2.5", "1e3", "\"x\"", "'text'", "\"\"", "true", "false", "null", "[]", "{}", "/t/", "/(s)(o)?/i", "\"#,##0.0\"", "\"[Y]-[M]\"", "\"w\""];

    private static readonly string[] Functions = [.. JsonataFunctions.All.Select(function => "$" + function.Name)];
    private int _depth;

    public string Program() => Expression();

    private string Expression()
    {
        if (++_depth > MaxDepth)
        {
            _depth--;
            return Leaf();
        }

        var text = random.Next(19) switch
        {
            0 or 1 => Leaf(),
            2 or 3 => $"{Operand()}{Pick([".", ".", ".", "."])}{Operand()}",
            4 or 5 => $"{Operand()}[{Expression()}]",
            6 => $"{Operand()} {Pick(Operators)} {Operand()}",
            7 or 8 => $"{Pick(Functions)}({List()})",
            9 => $"({Expression()}; {Expression()})",
            10 => $"($x := {Expression()}; $f := function($x, $i){{{Expression()}}}; {Expression()})",
            11 => $"[{List()}]",
            12 => $"{{{Pick(["\"k\"", "k", "$string($)"])}: {Expression()}}}",
            13 => $"{Operand()}{{{Pick(["k", "$string(v)", "\"a\""])}: {Expression()}}}",
            14 => $"{Operand()}^({Pick(["", "<", ">"])}{Expression()})",
            15 => $"{Operand()} ? {Expression()} : {Expression()}",
            16 => $"{Path()}{Pick(["@$x", "#$i", ".%", "[]", ".*", ".**"])}.{Operand()}",
            17 => $"{Operand()} ~> |{Expression()}|{{\"z\": {Expression()}}}, {Pick(["\"a\"", "[\"k\"]", "s"])}|",
            _ => $"{Pick(["$map", "$filter", "$reduce", "$each", "$sift", "$sort"])}({Expression()}, function($x, $i){{{Expression()}}})",
        };
        _depth--;
        return text;
    }

    private string Operand() => random.Next(3) == 0 ? $"({Expression()})" : Leaf();

    private string Path() => Pick(Names) + "." + Pick(Names);

    private string Leaf() => random.Next(6) switch
    {
        0 or 1 => Pick(Names),
        2 => Path(),
        3 => Pick(Variables),
        4 => $"[{random.Next(4).ToString(CultureInfo.InvariantCulture)}..{random.Next(9).ToString(CultureInfo.InvariantCulture)}]",
        _ => Pick(Literals),
    };

    private string List()
    {
        var items = new List<string>();
        for (var i = random.Next(4); i > 0; i--)
        {
            items.Add(random.Next(12) == 0 ? "?" : Expression());
        }

        return string.Join(", ", items);
    }

    private string Pick(string[] choices) => choices[random.Next(choices.Length)];
}
