using Xunit.Sdk;

namespace SharedSeq.Core.Tests.Vectors;

public sealed class VectorFileTests
{
    [Fact]
    public void A_changed_byte_a_missing_name_and_an_unknown_name_each_fail_with_the_difference()
    {
        VectorFile pins = new("vector-file-sample");
        pins.Pin("kept", [1, 2, 3]);
        pins.Pin("changed", [1, 2, 4]);
        pins.Pin("new", [9]);
        string message = Assert.ThrowsAny<XunitException>(pins.Check).Message;
        Assert.Contains("changed: differs from byte 2", message, StringComparison.Ordinal);
        Assert.Contains("new: not in the file", message, StringComparison.Ordinal);
        Assert.Contains("gone: in the file, no longer made", message, StringComparison.Ordinal);
        Assert.DoesNotContain("kept", message, StringComparison.Ordinal);
        Assert.Contains(VectorFile.RewriteSwitch, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_exist_fails_instead_of_being_made()
    {
        string message = Assert.ThrowsAny<XunitException>(new VectorFile("no-such").Check).Message;
        Assert.Contains("does not exist", message, StringComparison.Ordinal);
    }
}
