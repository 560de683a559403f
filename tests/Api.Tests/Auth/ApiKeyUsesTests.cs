using Workflows.Api.Http.Security;

namespace Workflows.Api.Tests.Auth;

public sealed class ApiKeyUsesTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void What_could_not_be_written_comes_again_unless_the_key_was_used_since()
    {
        var uses = new ApiKeyUses();
        var (quiet, busy) = (Key(), Key());
        uses.Note(quiet, Start);
        uses.Note(busy, Start);
        var taken = uses.Take();
        Assert.Empty(uses.Take());

        uses.Note(busy, Start.AddMinutes(1));
        uses.GiveBack(taken);

        var again = uses.Take().ToDictionary(use => use.Key, use => use.Value);
        Assert.Equal((quiet.TenantId, Start), again[quiet.Id]);
        Assert.Equal((busy.TenantId, Start.AddMinutes(1)), again[busy.Id]);
    }

    private static Caller Key() => new(Guid.CreateVersion7(), Guid.CreateVersion7(), "wf_1234", default, null);
}
