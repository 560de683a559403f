using System.Text;

namespace Workflows.Data.Tests;

public sealed class StorableTextTests
{
    // Not as data of a theory: the metadata of an assembly cannot hold half a pair either.
    private static readonly (string Text, string Storable)[] Cases =
    [
        ("", ""),
        ("plain", "plain"),
        ("\ud83d\ude00", "\ud83d\ude00"),
        ("a\0b", "a\uFFFDb"),
        ("\ud800", "\uFFFD"),
        ("\udc00x", "\uFFFDx"),
        ("\ud800\ud83d\ude00\udc00\0", "\uFFFD\ud83d\ude00\uFFFD\uFFFD"),
        ("\udc00\ud800", "\uFFFD\uFFFD"),
    ];

    [Fact]
    public void What_no_row_can_hold_is_replaced_and_nothing_else() => Assert.All(Cases, item =>
    {
        Assert.Equal(item.Storable, StorableText.Of(item.Text));
        Assert.Equal(item.Text == item.Storable, StorableText.IsStorable(item.Text));
        Assert.NotEmpty(new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(StorableText.Of(item.Text) + "."));
    });
}
