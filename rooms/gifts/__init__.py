"""Gift subscriptions: months bought for somebody else, and their claim."""
