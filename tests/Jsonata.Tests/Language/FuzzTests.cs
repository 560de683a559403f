using System.Diagnostics;
using System.Text;

namespace Workflows.Jsonata.Tests.Language;

/// <summary>
/// Random programs, from a grammar and from bytes: each ends in a result or in an error of the language, within its limits.
/// JSONATA_FUZZ_SEED and JSONATA_FUZZ_CASES choose another run; the seed is part of every failure.
/// </summary>
public sealed class FuzzTests
{
    private static readonly JsonataLimits Limits = new(
        MaxSteps: 20_000, MaxDepth: 100, MaxSequenceLength: 5_000, MaxStringLength: 50_000, RegexTimeoutMilliseconds: 100);

    private static readonly byte[] Input = """
        {"a":{"b":[1,2,{"c":"x","d":null}],"e":true},"s":"some text","n":[3,1,2],"o":[{"k":"p","v":1},{"k":"q","v":[2,3]}],"deep":[[[[1]]]]}
        """u8.ToArray();

    private static int Seed => Setting("JSONATA_FUZZ_SEED", 20_240_501);

    private static int Cases => Setting("JSONATA_FUZZ_CASES", 20_000);

    [Fact]
    public void Programs_of_the_grammar_end_in_a_result_or_an_error()
    {
        var outcomes = Run(seed => new GrammarFuzzer(new Random(seed)).Program());

        Assert.True(outcomes.Results > Cases / 10, $"only {outcomes.Results} of {Cases} programs had a result");
    }

    [Fact]
    public void Texts_of_random_bytes_end_in_a_result_or_an_error()
    {
        const string alphabet = "abc$%@#^&*()[]{}<>|.,;:?!=~+-/\\\"'`_ \n0123456789λé\ud83d\ude00\ud800";
        var outcomes = Run(seed =>
        {
            var random = new Random(seed);
            var text = new StringBuilder();
            for (var i = random.Next(40); i >= 0; i--)
            {
                text.Append(random.Next(20) == 0 ? (char)random.Next(0x10000) : alphabet[random.Next(alphabet.Length)]);
            }

            return text.ToString();
        });

        Assert.True(outcomes.Errors > 0);
    }

    [Fact]
    public void Programs_with_damage_end_in_a_result_or_an_error()
    {
        var outcomes = Run(seed =>
        {
            var random = new Random(seed);
            var text = new StringBuilder(new GrammarFuzzer(random).Program());
            for (var i = random.Next(4); i >= 0 && text.Length > 0; i--)
            {
                var at = random.Next(text.Length);
                switch (random.Next(3))
                {
                    case 0:
                        text.Remove(at, 1);
                        break;
                    case 1:
                        text.Insert(at, text[random.Next(text.Length)]);
                        break;
                    default:
                        text[at] = (char)random.Next(32, 127);
                        break;
                }
            }

            return text.ToString();
        });

        Assert.True(outcomes.Errors > 0);
    }

    private static (int Results, int Errors) Run(Func<int, string> program)
    {
        var clock = Stopwatch.StartNew();
        var (results, errors) = (0, 0);
        for (var i = 0; i < Cases; i++)
        {
            var source = program(Seed + i);
            var options = new JsonataOptions { Limits = Limits, Random = new Random(1), Now = DateTimeOffset.UnixEpoch };
            try
            {
                var expression = JsonataExpression.Parse(source);
                Assert.NotNull(expression.Check());
                var result = expression.Evaluate(JsonataValue.FromJson(Input), options);
                result.ToUtf8Json(Limits);
                results++;
            }
            catch (JsonataException exception)
            {
                Assert.DoesNotContain('{' + "token", exception.Error.Message, StringComparison.Ordinal);
                errors++;
            }
            catch (Exception unexpected)
            {
                Assert.Fail($"seed {Seed + i}: {source}\n{unexpected}");
            }
        }

        Console.WriteLine($"fuzz {Cases} cases, {results} results, {errors} errors, {clock.ElapsedMilliseconds} ms");
        return (results, errors);
    }

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : usual;
}
