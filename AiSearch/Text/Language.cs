using System.Collections.Frozen;

namespace Workflows.AiSearch.Text;

/// <summary>Languages whose words have stems and function words here. What is in none of them is treated as
/// English.</summary>
internal enum Language
{
    English,
    German,
}

/// <summary>Function words, and which language a text is in by them.</summary>
internal static class Languages
{
    // Function and question words: in a corpus of statements "what" and "how" are rare, so their weight would be high.
    private static readonly FrozenSet<string> English = SetOf(
        "a about all also am an and any are as at be been being between both but by can could did do does "
        + "during each either for from had has have having he her here his how i if in into is it its may me "
        + "might more most must my no nor not of on one or other our out over own same shall she should so "
        + "some such than that the their them then there these they this those through to too under until up "
        + "upon us very was we were what when where which while who whom why will with within would you your");

    private static readonly FrozenSet<string> German = SetOf(
        "aber als am an auch auf aus bei beim bin bis bist da damit dann das dass dem den denn der des "
        + "dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer "
        + "eines er es etwas fur gegen habe haben hat hatte hier ich ihm ihn ihr ihre im in ins ist ja jede "
        + "jedem jeden jeder jedes kann kein keine konnen man mehr mein mich mir mit nach nicht noch nun nur "
        + "ob oder ohne sehr sein seine sich sie sind so uber um und uns unser unter vom von vor war waren "
        + "was weil welche welchem welchen welcher welches wenn wer werden wie wieder wir wird wo worden "
        + "wurde wurden zu zum zur zwischen");

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> EnglishWords =
        English.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> GermanWords =
        German.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether a folded word says nothing by itself.</summary>
    public static bool IsFunctionWord(Language language, ReadOnlySpan<char> word) =>
        language == Language.German ? GermanWords.Contains(word) : EnglishWords.Contains(word);

    /// <summary>The language that has more of the texts' function words; English when neither has.</summary>
    public static Language Detect(params ReadOnlySpan<string> texts)
    {
        var (english, german) = (0, 0);
        foreach (var text in texts)
        {
            Analyzer.ReadWords(text.AsSpan(0, Math.Min(text.Length, Limits.LanguageSample)), (word, _, _) =>
            {
                english += EnglishWords.Contains(word) ? 1 : 0;
                german += GermanWords.Contains(word) ? 1 : 0;
            });
        }

        return german > english ? Language.German : Language.English;
    }

    private static FrozenSet<string> SetOf(string words) =>
        FrozenSet.ToFrozenSet(words.Split(' '), StringComparer.Ordinal);
}
