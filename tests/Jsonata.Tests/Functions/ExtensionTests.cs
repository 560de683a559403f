namespace Workflows.Jsonata.Tests.Functions;

/// <summary>What the functions do beyond the reference, and that they do as it without being asked.</summary>
public sealed class ExtensionTests
{
    private static readonly JsonataOptions Options = new()
    {
        Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000),
        TimeZones = new TwoZones(),
    };

    [Theory]
    [InlineData("$base64encode('10 €', 'utf-8')", "\"MTAg4oKs\"")]
    [InlineData("$base64encode('中;😀', 'UTF-8')", "\"5LitO/CfmIA=\"")]
    [InlineData("$base64decode('MTAg4oKs', 'utf-8')", "\"10 €\"")]
    [InlineData("$base64decode('5LitO_CfmIA', 'utf8')", "\"中;\\uD83D\\uDE00\"")]
    [InlineData("$base64decode($base64encode('Küçük café 10 €', 'utf-8'), 'utf-8')", "\"Küçük café 10 €\"")]
    [InlineData("$base64encode('10 €')", "\"MTAgrA==\"")]
    [InlineData("$base64encode('é', 'latin-1')", "\"6Q==\"")]
    [InlineData("$base64decode('6Q==')", "\"é\"")]
    [InlineData("'a€' ~> $base64encode('utf-8')", "\"YeKCrA==\"")]
    [InlineData("$map(['a', 'b'], $base64encode)", "[\"YQ==\",\"Yg==\"]")]
    [InlineData("$base64encode(nothing, 'utf-8')", "")]
    public void Base64_knows_utf_8_when_asked(string expression, string expected) =>
        Assert.Equal(expected, Evaluate(expression));

    [Theory]
    [InlineData("$base64decode('6Q==', 'utf-8')", "U1012")]
    [InlineData("$base64encode('a', 'utf-7')", "U1011")]
    [InlineData("$base64encode('a', 1)", "T0410")]
    [InlineData("$now('[H]', 'Nowhere/Else')", "U1013")]
    [InlineData("$fromMillis(0, '[H]', 'Nowhere')", "U1013")]
    [InlineData("$toMillis('2024-01-01T00:00:00', undefined, 'Nowhere')", "U1013")]
    [InlineData("$fromMillis(253402300799999, '[H]', 'Summer')", "D1001")]
    public void What_does_not_exist_is_an_error(string expression, string code) =>
        Assert.Equal(code, Assert.Throws<JsonataException>(() => Evaluate(expression)).Error.Code);

    [Theory]
    [InlineData("$fromMillis(1700000000000, '[H01]:[m01][Z]', 'Summer')", "\"00:13+02:00\"")]
    [InlineData("$fromMillis(1700000000000, '[H01]:[m01][Z]', '+0200')", "\"00:13+02:00\"")]
    [InlineData("$fromMillis(1700000000000, undefined, 'Summer')", "\"2023-11-15T00:13:20.000+02:00\"")]
    [InlineData("$now('[D01] [H01]', 'Summer')", "\"15 00\"")]
    [InlineData("$toMillis('2023-11-15T00:13:20', undefined, 'Summer')", "1700000000000")]
    [InlineData("$toMillis('2023-11-15T00:13:20Z', undefined, 'Summer')", "1700007200000")]
    [InlineData("$toMillis('2023-11-15T00:13:20+01:00', undefined, 'Summer')", "1700003600000")]
    [InlineData("$toMillis('15.11.2023 00:13:20', '[D01].[M01].[Y0001] [H01]:[m01]:[s01]', 'Summer')", "1700000000000")]
    [InlineData("$toMillis('15.11.2023 00:13:20', '[D01].[M01].[Y0001] [H01]:[m01]:[s01]', '+0200')", "1700000000000")]
    [InlineData("$toMillis('15.11.2023 00:13:20', '[D01].[M01].[Y0001] [H01]:[m01]:[s01]')", "1700007200000")]
    [InlineData("$toMillis('00:13:20', '[H01]:[m01]:[s01]', 'Summer')", "1700000000000")]
    public void Time_zones_have_the_names_the_host_knows(string expression, string expected) =>
        Assert.Equal(expected, Evaluate(expression));

    [Fact]
    public void Without_a_host_only_offsets_are_known()
    {
        var expression = JsonataExpression.Parse("$now('[H]', 'Europe/Berlin')");

        var error = Assert.Throws<JsonataException>(() => expression.Evaluate(default)).Error;

        Assert.Equal("U1013", error.Code);
        Assert.Contains("+0200", error.Message, StringComparison.Ordinal);
    }

    private static string Evaluate(string expression) =>
        JsonataExpression.Parse(expression).Evaluate(default, Options).ToString();

    private sealed class TwoZones : IJsonataTimeZones
    {
        public TimeSpan? OffsetAt(string zone, DateTimeOffset instant) =>
            zone == "Summer" ? TimeSpan.FromHours(2) : null;

        public DateTimeOffset? InstantOf(string zone, DateTime local) =>
            zone == "Summer"
                ? new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), TimeSpan.FromHours(2))
                : null;

        public string Hint(string zone) => "Did you mean 'Summer'?";
    }
}
