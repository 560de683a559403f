using System.Text;
using Workflows.Engine.Bodies;

namespace Workflows.Engine.Tests.Bodies;

/// <summary>Bytes and the charset they come with.</summary>
public sealed class TextBodiesTests
{
    [Theory]
    [InlineData("4BFC636865 636166E9 31302080", "windows-1252", "Küche café 10 €")]
    [InlineData("4BFC", "iso-8859-1", "Kü")]
    [InlineData("A4", "ISO-8859-15", "€")]
    [InlineData("82A0", "shift_jis", "あ")]
    [InlineData("C3BC", null, "ü")]
    [InlineData("C3BC", "UTF-8", "ü")]
    [InlineData("C3BC", "utf8", "ü")]
    [InlineData("EFBBBFC3BC", null, "ü")]
    [InlineData("EFBBBFC3BC", "iso-8859-1", "ü")]
    [InlineData("FFFE4100", "utf-16", "A")]
    [InlineData("FEFF0041", "utf-16", "A")]
    [InlineData("FEFF0041", null, "A")]
    [InlineData("4100FC00", "utf-16", "Aü")]
    [InlineData("004100FC", "utf-16", "Aü")]
    [InlineData("004100FC", "utf-16be", "Aü")]
    [InlineData("41", "us-ascii", "A")]
    [InlineData("", null, "")]
    public void Text_is_read_by_its_mark_then_by_its_charset(string hex, string? charset, string text)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "20", StringComparison.Ordinal));

        Assert.True(TextBodies.TryDecode(bytes, charset, out var decoded));
        Assert.Equal(text, decoded);
        Assert.Equal(text, Encoding.UTF8.GetString(TextBodies.ToUtf8(bytes, charset)!.Value.Span));
    }

    [Theory]
    [InlineData("C328", null)]
    [InlineData("FF", "utf-8")]
    [InlineData("80", "us-ascii")]
    [InlineData("00D8", "utf-16le")]
    [InlineData("41", "utf-7")]
    [InlineData("41", "klingon")]
    public void What_is_no_text_in_its_charset_is_none(string hex, string? charset)
    {
        Assert.False(TextBodies.TryDecode(Convert.FromHexString(hex), charset, out _));
        Assert.Null(TextBodies.ToUtf8(Convert.FromHexString(hex), charset));
    }

    [Theory]
    [InlineData("Application/JSON; charset=\"UTF-16\"; x=y", "application/json", "UTF-16", true)]
    [InlineData("application/problem+json", "application/problem+json", null, true)]
    [InlineData("text/plain;CHARSET = latin1", "text/plain", "latin1", false)]
    [InlineData("text/plain; charset=", "text/plain", null, false)]
    [InlineData("", "", null, false)]
    [InlineData(null, "", null, false)]
    public void A_content_type_is_taken_apart(string? header, string name, string? charset, bool isJson)
    {
        var type = MediaType.Parse(header);

        Assert.Equal((name, charset, isJson), (type.Name, type.Charset, type.IsJson));
    }
}
