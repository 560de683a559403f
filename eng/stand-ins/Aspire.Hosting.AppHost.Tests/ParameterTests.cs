namespace Aspire.Hosting.AppHost.Tests;

/// <summary>Where a parameter's value comes from, and what is kept of it.</summary>
public sealed class ParameterTests : IDisposable
{
    private readonly TestHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Configuration_wins_over_a_generated_default()
    {
        var builder = _host.CreateBuilder("--Parameters:db-password=given");

        Assert.Equal("given", await ValueAsync(builder.AddParameter("db-password", new GenerateParameterDefault(), secret: true)));
    }

    [Fact]
    public async Task A_hyphen_may_be_an_underscore_as_variables_need_it()
    {
        var builder = _host.CreateBuilder("--Parameters:db_password=given");

        Assert.Equal("given", await ValueAsync(builder.AddParameter("db-password")));
    }

    [Fact]
    public async Task A_value_given_in_code_is_not_overridden()
    {
        var builder = _host.CreateBuilder("--Parameters:level=configured");

        Assert.Equal("coded", await ValueAsync(builder.AddParameter("level", "coded")));
        Assert.Equal("configured", await ValueAsync(builder.AddParameterFromConfiguration("other", "Parameters:level")));
    }

    [Fact]
    public async Task A_missing_value_names_the_configuration_key()
    {
        var parameter = _host.CreateBuilder().AddParameter("api-key", secret: true);

        var missing = await Assert.ThrowsAsync<MissingParameterValueException>(() => ValueAsync(parameter));
        Assert.Contains("'Parameters:api-key'", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_is_never_published_as_a_default() =>
        Assert.Throws<ArgumentException>(() => _host.CreateBuilder().AddParameter("key", "value", publishValueAsDefault: true, secret: true));

    [Fact]
    public async Task A_generated_value_is_kept_only_when_it_is_persisted()
    {
        var kept = await ValueAsync(_host.CreateBuilder().AddParameter("kept", new GenerateParameterDefault(), persist: true));
        var lost = await ValueAsync(_host.CreateBuilder().AddParameter("lost", new GenerateParameterDefault()));

        Assert.Equal(kept, await ValueAsync(_host.CreateBuilder().AddParameter("kept", new GenerateParameterDefault(), persist: true)));
        Assert.NotEqual(lost, await ValueAsync(_host.CreateBuilder().AddParameter("lost", new GenerateParameterDefault())));
    }

    [Fact]
    public async Task The_file_of_kept_values_is_readable_by_its_owner_only()
    {
        await ValueAsync(_host.CreateBuilder().AddParameter("kept", new GenerateParameterDefault(), persist: true));

        Assert.True(OperatingSystem.IsWindows()
            || File.GetUnixFileMode(_host.PathOf("parameters.json")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task An_environment_wins_over_a_kept_value()
    {
        await ValueAsync(_host.CreateBuilder().AddParameter("kept", new GenerateParameterDefault(), persist: true));

        Assert.Equal("given", await ValueAsync(
            _host.CreateBuilder("--Parameters:kept=given").AddParameter("kept", new GenerateParameterDefault(), persist: true)));
    }

    [Fact]
    public void A_generated_value_has_the_length_and_the_characters_asked_for()
    {
        var value = new GenerateParameterDefault { MinLength = 200, Special = false, MinNumeric = 50 }.GetDefaultValue();

        Assert.Equal(200, value.Length);
        Assert.All(value, c => Assert.True(char.IsAsciiLetterOrDigit(c)));
        Assert.True(value.Count(char.IsAsciiDigit) >= 50);
        Assert.DoesNotContain(value, c => "iloILO".Contains(c, StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => new GenerateParameterDefault { Numeric = false, MinNumeric = 1 }.GetDefaultValue());
    }

    private static async Task<string?> ValueAsync(IResourceBuilder<ParameterResource> parameter) =>
        await parameter.Resource.GetValueAsync(TestContext.Current.CancellationToken);
}
