using System.Security.Cryptography;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value from configuration (<c>Parameters:name</c>) or, failing that, a default.</summary>
public class ParameterResource : Resource, IExpressionValue
{
    private readonly Lazy<string> _value;

    public ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false)
        : base(name)
    {
        _value = new Lazy<string>(() => callback(Default));
        Secret = secret;
    }

    public ParameterDefault? Default { get; set; }

    public bool Secret { get; }

    public string? Description { get; set; }

    public bool EnableDescriptionMarkdown { get; set; }

    public string ValueExpression => $"{{{Name}.value}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => new(_value.Value);
}

public abstract class ParameterDefault
{
    public abstract string GetDefaultValue();
}

/// <summary>A random value; letters that are easily taken for others (i, l, o) do not occur.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    private const string LowerLetters = "abcdefghjkmnpqrstuvwxyz";
    private const string UpperLetters = "ABCDEFGHJKMNPQRSTUVWXYZ";
    private const string Digits = "0123456789";
    private const string SpecialCharacters = "-_.{}~()*+!";

    public int MinLength { get; set; } = 22;

    public bool Lower { get; set; } = true;

    public bool Upper { get; set; } = true;

    public bool Numeric { get; set; } = true;

    public bool Special { get; set; } = true;

    public int MinLower { get; set; }

    public int MinUpper { get; set; }

    public int MinNumeric { get; set; }

    public int MinSpecial { get; set; }

    public override string GetDefaultValue()
    {
        (bool Use, string Characters, int AtLeast)[] sets =
        [
            (Lower, LowerLetters, MinLower), (Upper, UpperLetters, MinUpper),
            (Numeric, Digits, MinNumeric), (Special, SpecialCharacters, MinSpecial),
        ];
        var value = new List<char>(MinLength);
        foreach (var (use, characters, atLeast) in sets)
        {
            if (atLeast > 0 && !use)
            {
                throw new ArgumentException("A minimum was given for a set of characters that is switched off.");
            }

            value.AddRange(RandomNumberGenerator.GetItems<char>(characters, atLeast));
        }

        var all = string.Concat(sets.Where(set => set.Use).Select(set => set.Characters));
        if (all.Length == 0)
        {
            throw new ArgumentException("At least one set of characters must be switched on.");
        }

        value.AddRange(RandomNumberGenerator.GetItems<char>(all, Math.Max(0, MinLength - value.Count)));
        var shuffled = value.ToArray();
        RandomNumberGenerator.Shuffle(shuffled.AsSpan());
        return new string(shuffled);
    }
}

/// <summary>A value that is the default at run time and may be published as one.</summary>
internal sealed class ConstantParameterDefault(Func<string> valueGetter) : ParameterDefault
{
    private readonly Lazy<string> _value = new(valueGetter);

    public override string GetDefaultValue() => _value.Value;
}
