using System.Text.RegularExpressions;
using CsCheck;
using Lucene.Net.Analysis;
using Lucene.Net.Analysis.Core;
using Lucene.Net.Analysis.En;
using Lucene.Net.Analysis.TokenAttributes;
using Lucene.Net.Util;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Tests;

/// <summary>
/// Our stemmer against that of Lucene.NET, over the words of this repository and over generated ones.
/// </summary>
public sealed partial class StemmerOracleTests
{
    private static readonly Gen<string> Stem = Gen.Char['a', 'z'].Array[1, 6].Select(letters => new string(letters));

    // What Porter's steps look for, alone and one upon the other.
    private static readonly Gen<string> Suffix = Gen.OneOf(
        "", "s", "sses", "ies", "ss", "eed", "ed", "ing", "y", "e", "ll", "ational", "tional", "enci", "anci", "izer",
        "bli", "alli", "entli", "eli", "ousli", "ization", "ation", "ator", "alism", "iveness", "fulness", "ousness",
        "aliti", "iviti", "biliti", "logi", "icate", "ative", "alize", "iciti", "ical", "ful", "ness", "al", "ance",
        "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion", "ou", "ism", "ate", "iti",
        "ous", "ive", "ize");

    [Fact]
    public void Words_of_this_repository_have_the_stems_of_Lucene()
    {
        var words = new[] { "docs", "Engine", "Data", "Worker" }
            .Select(folder => Path.Combine(Testing.Repository.Root, folder))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Where(file => Path.GetExtension(file) is ".md" or ".cs" or ".sql")
            .SelectMany(file => Words().Matches(File.ReadAllText(file).ToLowerInvariant()))
            .Select(match => match.Value).Distinct().ToList();

        Assert.True(words.Count > 3_000, $"Only {words.Count} words were found.");
        Assert.Empty(Differing(words));
    }

    [Fact]
    public void Generated_words_have_the_stems_of_Lucene() => Gen.Select(Stem, Suffix, Suffix)
        .Select(parts => parts.Item1 + parts.Item2 + parts.Item3)
        .Array[50].Sample(words => Assert.Empty(Differing(words)), iter: 400);

    /// <summary>German words by their parts; without umlauts, which are folded before, and without "-nisse", which
    /// the algorithm learnt after Lucene took it over.</summary>
    [Fact]
    public void German_words_have_the_stems_of_Lucene()
    {
        var parts = Gen.OneOf(
            "", "e", "en", "em", "ern", "er", "es", "s", "st", "est", "end", "ung", "ig", "ik", "isch", "lich",
                "heit", "keit",
            "bestell", "kund", "zahl", "rechn", "versand", "auf", "ab", "eig", "reis", "bau", "zyklus", "freu",
                "auto", "kenn");
        var theirs = new Lucene.Net.Tartarus.Snowball.Ext.GermanStemmer();
        Gen.Select(parts, parts, parts, parts).Select(four => four.Item1 + four.Item2 + four.Item3 + four.Item4)
            .Array[50].Sample(words => Assert.All(words.Where(word => word.Length > 0), word =>
            {
                theirs.SetCurrent(word);
                theirs.Stem();
                var buffer = word.ToCharArray();
                Assert.Equal((word, theirs.Current), (word,
                    new string(buffer, 0, GermanStemmer.Stem(buffer, buffer.Length))));
            }), iter: 400, threads: 1);
    }

    [Theory]
    [InlineData("kenntnisse", "kenntnis")]
    [InlineData("kenntnissen", "kenntnis")]
    [InlineData("bestellungen", "bestell")]
    public void German_words_are_stemmed_as_snowball_says(string word, string stem)
    {
        var buffer = word.ToCharArray();
        Assert.Equal(stem, new string(buffer, 0, GermanStemmer.Stem(buffer, buffer.Length)));
    }

    private static IEnumerable<string> Differing(IReadOnlyList<string> words)
    {
        var theirs = StemAll(words);
        return words.Select((word, index) => (word, Ours: Ours(word), Theirs: theirs[index]))
            .Where(pair => pair.Ours != pair.Theirs)
            .Select(pair => $"{pair.word}: {pair.Ours} against {pair.Theirs}");
    }

    private static string Ours(string word)
    {
        var buffer = new char[word.Length + 1];
        word.CopyTo(buffer);
        return new string(buffer, 0, PorterStemmer.Stem(buffer, word.Length));
    }

    private static List<string> StemAll(IEnumerable<string> words)
    {
        using var reader = new StringReader(string.Join(' ', words));
        using TokenStream stream = new PorterStemFilter(new WhitespaceTokenizer(LuceneVersion.LUCENE_48, reader));
        var term = stream.GetAttribute<ICharTermAttribute>();
        var stems = new List<string>();
        stream.Reset();
        while (stream.IncrementToken())
        {
            stems.Add(term.ToString());
        }

        stream.End();
        return stems;
    }

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Words();
}
