using Connect.RingDaemon.Convergence;

namespace Connect.RingDaemon.Tests.Convergence;

public sealed class KeyPrefixTests
{
    [Theory]
    [InlineData("", "00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff")]
    [InlineData("0", "00000000000000000000000000000000", "0fffffffffffffffffffffffffffffff")]
    [InlineData("01a1ed8a5", "01a1ed8a500000000000000000000000", "01a1ed8a5fffffffffffffffffffffff")]
    [InlineData("01a1ed8a58407000800000000000000f", "01a1ed8a58407000800000000000000f", "01a1ed8a58407000800000000000000f")]
    public void A_prefix_is_a_range_of_keys(string text, string first, string last)
    {
        var prefix = KeyPrefix.Parse(text);
        Assert.Equal(text, prefix.ToString());
        Assert.Equal(first, prefix.First.ToString("x32"));
        Assert.Equal(last, prefix.Last.ToString("x32"));
        Assert.Equal(prefix, KeyPrefix.Of(prefix.Last, text.Length));
    }

    [Theory]
    [InlineData("xyz")]
    [InlineData("-1")]
    [InlineData(" 1")]
    [InlineData("000000000000000000000000000000000")]
    public void What_is_no_prefix_is_refused(string text) => Assert.Throws<FormatException>(() => KeyPrefix.Parse(text));

    [Theory]
    [InlineData("a1", "a1", 32)]
    [InlineData("a1", "a2", 1)]
    [InlineData("01a1ed8a5", "01a1ed8a6", 8)]
    [InlineData("00000000000000000001", "00000000000000000002", 19)]
    public void Common_digits_are_counted_from_the_left(string a, string b, int digits) => Assert.Equal(digits, KeyPrefix.Common(KeyPrefix.Parse(a).First, KeyPrefix.Parse(b).First));

    [Theory]
    [InlineData("", 0)]
    [InlineData("01a0", 3)]
    [InlineData("00000000000000000000000000000001", 32)]
    public void A_key_is_aligned_to_its_last_digit_that_is_not_zero(string key, int digits) => Assert.Equal(digits, KeyPrefix.Alignment(KeyPrefix.Parse(key).First));

    [Fact]
    public void Bytes_are_as_they_are_stored_and_sorted()
    {
        var key = KeyPrefix.Parse("01a1ed8a58407000800000000000000f").First;
        Assert.Equal("01A1ED8A58407000800000000000000F", Convert.ToHexString(KeyPrefix.Bytes(key)));
        Assert.Equal(key, KeyPrefix.Key(KeyPrefix.Bytes(key)));
    }
}
